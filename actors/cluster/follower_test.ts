import assert from "node:assert/strict";
import type { SpoolRecord } from "../../schedulers/mod.ts";
import { FakeConnection } from "../testing/fake_connection.ts";
import { jobNumber } from "../testing/simulated_job.ts";
import { Stage } from "../testing/stage.ts";
import { follower } from "./follower.ts";
import type { FollowerMessage } from "./follower.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const line = (n: number) => `${jobNumber(n)} - 0 end 3 -\n`;

class FollowerStage extends Stage {
  readonly records: SpoolRecord[] = [];
  readonly connection = new FakeConnection();
  readonly follower = this.system.spawn<FollowerMessage, unknown>(
    "follower",
    follower((record) => void this.records.push(record)),
  );

  async up(connection = this.connection) {
    this.follower.tell({ type: "up", connection });
    await this.clock.settle();
    const stream = connection.host.streams.at(-1);
    assert.ok(stream !== undefined);
    return stream;
  }

  get heard(): string[] {
    return this.records.map(({ attemptId }) => attemptId);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    const stopped = super[Symbol.asyncDispose]();
    for (const stream of this.connection.host.streams) stream.cut(new Error("closed"));
    await stopped;
  }
}

Deno.test("every line is heard, however the stream is cut into pieces", async () => {
  const text = bytes(`${line(1)}x é日🦀 y\n${line(2)}`);
  for (const size of [1, 2, 3, 7, 1000]) {
    await using stage = new FollowerStage();
    const stream = await stage.up();
    for (let start = 0; start < text.length; start += size) {
      stream.write(text.slice(start, start + size));
    }
    await stage.clock.settle();
    assert.deepEqual(stage.heard, [jobNumber(1), jobNumber(2)], `pieces of ${size}`);
  }
});

Deno.test("torn and strange lines are passed over, and those around them heard", async () => {
  await using stage = new FollowerStage();
  const stream = await stage.up();
  stream.write(bytes(`${line(1).slice(0, 20)}${line(2)}`));
  stream.write(Uint8Array.of(0xff, 0xfe, 0x0a, 0x00, 0x0a));
  stream.write(bytes(`\n\n${line(3)}${"x".repeat(100_000)}\n${line(4)}`));
  await stage.clock.settle();
  assert.deepEqual(stage.heard, [jobNumber(3), jobNumber(4)]);
});

Deno.test("half a line is not heard before its end", async () => {
  await using stage = new FollowerStage();
  const stream = await stage.up();
  stream.write(bytes(line(1).slice(0, -1)));
  await stage.clock.settle();
  assert.deepEqual(stage.heard, []);
  stream.write(bytes("\n"));
  await stage.clock.settle();
  assert.deepEqual(stage.heard, [jobNumber(1)]);
});

Deno.test("a stream that ends or breaks is opened again after a while", async () => {
  for (const how of ["end", "cut"] as const) {
    await using stage = new FollowerStage();
    const stream = await stage.up();
    if (how === "end") stream.end();
    else stream.cut(new Error("the line is cut"));
    await stage.clock.advance(1_000);
    assert.equal(stage.connection.host.streams.length, 1);
    await stage.clock.advance(2_000);
    assert.equal(stage.connection.host.streams.length, 2);
    assert.equal(stream.closed, true);
    stage.connection.host.streams[1]?.write(bytes(line(1)));
    await stage.clock.settle();
    assert.deepEqual(stage.heard, [jobNumber(1)]);
    stage.connection.host.streams.shift();
  }
});

Deno.test("one connection has one stream, however soon it follows on a lost one", async () => {
  await using stage = new FollowerStage();
  const first = new FakeConnection();
  const stream = await stage.up(first);
  stream.cut(new Error("the line is cut"));
  await stage.clock.settle();
  stage.follower.tell({ type: "down" });
  await stage.up();
  await stage.clock.advance(60_000);
  assert.equal(stage.connection.host.streams.length, 1);
  assert.equal(first.host.streams.length, 1);
});
