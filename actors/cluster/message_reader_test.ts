import assert from "node:assert/strict";
import type { JobMessage, MessagePiece } from "../job/mod.ts";
import { FakeConnection } from "../testing/fake_connection.ts";
import { RemoteFiles } from "../testing/remote_files.ts";
import { jobNumber } from "../testing/simulated_job.ts";
import { Stage } from "../testing/stage.ts";
import { messageReader } from "./message_reader.ts";
import type { MessageQuestion, MessageReaderMessage } from "./message_reader.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

class ReaderStage extends Stage {
  readonly files = new RemoteFiles();
  connection = new FakeConnection();
  readonly reader = this.system.spawn<MessageReaderMessage, unknown>("reader", messageReader());
  readonly job = this.listener<JobMessage>();

  up(connection = this.connection): void {
    this.connection = connection;
    this.files.serve(connection);
    this.reader.tell({ type: "up", connection });
  }

  path(n: number, task?: number): string {
    return this.connection.planner.paths(jobNumber(n), task).messages;
  }

  write(n: number, text: string, task?: number): void {
    const before = this.files.content.get(this.path(n, task)) ?? new Uint8Array();
    const after = new Uint8Array([...before, ...bytes(text)]);
    this.files.content.set(this.path(n, task), after);
  }

  follow(n: number, question: Partial<MessageQuestion> = {}): void {
    this.reader.tell({
      type: "follow",
      question: { jobId: jobNumber(n), task: undefined, offset: 0, over: false, ...question },
      job: this.job.ref,
    });
  }

  /** What the job has been told since it was last asked: pieces as `offset text end`. */
  told(): string[] {
    return this.job.heard.splice(0).flatMap((message) =>
      message.type === "messages_read" ? message.pieces.map(inWords) : [message.type]
    );
  }
}

function inWords({ offset, bytes, end, trouble }: MessagePiece): string {
  const text = new TextDecoder().decode(bytes);
  return `${offset} ${text} ${end ?? "open"}${trouble === undefined ? "" : ` ${trouble}`}`;
}

Deno.test("nothing is asked of the cluster while nobody has anything to say", async () => {
  await using stage = new ReaderStage();
  stage.up();
  await stage.clock.advance(60_000);
  assert.equal(stage.connection.host.commandsSent, 0);
});

Deno.test("what a payload says is told within half a second, and no more before the job asks again", async () => {
  await using stage = new ReaderStage();
  stage.up();
  stage.follow(1);
  await stage.clock.advance(20_000);
  assert.deepEqual(stage.told(), []);
  stage.write(1, "one\n");
  await stage.clock.advance(500);
  assert.deepEqual(stage.told(), ["0 one\n open"]);
  stage.write(1, "two\n");
  const sent = stage.connection.host.commandsSent;
  await stage.clock.advance(20_000);
  assert.deepEqual(stage.told(), []);
  assert.equal(stage.connection.host.commandsSent, sent, "and nothing is asked for");
  stage.follow(1, { offset: 4 });
  await stage.clock.advance(50);
  assert.deepEqual(stage.told(), ["4 two\n open"]);
});

Deno.test("all jobs share a round, and a job is told of all its parts together", async () => {
  await using stage = new ReaderStage();
  for (const task of [0, 1, 2]) {
    stage.follow(1, { task });
    stage.write(1, `task ${task}\n`, task);
  }
  stage.up();
  await stage.clock.advance(10);
  assert.equal(stage.job.heard.length, 1);
  assert.deepEqual(stage.told(), ["0 task 0\n open", "0 task 1\n open", "0 task 2\n open"]);
  assert.equal(stage.connection.host.commandsSent, 2);
});

Deno.test("a payload that has ended is read to the end that its file has then, however it grows", async () => {
  await using stage = new ReaderStage();
  stage.up();
  stage.write(1, "x".repeat(300_000));
  stage.follow(1, { over: true });
  await stage.clock.advance(0);
  assert.deepEqual(stage.told(), [`0 ${"x".repeat(262_144)} 300000`]);
  stage.write(1, "y".repeat(300_000));
  stage.follow(1, { over: true, offset: 262_144, until: 300_000 });
  await stage.clock.advance(0);
  assert.deepEqual(stage.told(), [`262144 ${"x".repeat(37_856)} 300000`]);
});

Deno.test("the end of a payload does not wait for one that has said nothing, nor for a file that is gone", async () => {
  await using stage = new ReaderStage();
  stage.up();
  stage.write(1, "");
  stage.follow(1, { over: true });
  stage.follow(2, { over: true });
  stage.follow(3, { over: true, offset: 10 });
  await stage.clock.advance(0);
  assert.deepEqual(stage.told(), [
    "0  0",
    "0  0",
    `10  10 The file ${
      stage.path(3)
    } was removed or cut short: what it may have held beyond byte 10 is lost.`,
  ]);
});

Deno.test("a file that cannot be read holds up an end for a few rounds, and is told of", async () => {
  await using stage = new ReaderStage();
  stage.up();
  stage.write(1, "one\n");
  stage.files.unreadable.add(stage.path(1));
  stage.follow(1);
  await stage.clock.advance(10_000);
  stage.follow(1, { over: true });
  stage.write(2, "two\n");
  stage.follow(2, { over: true });
  await stage.clock.advance(5_000);
  assert.deepEqual(stage.told(), [
    "0 two\n 4",
    `0  0 The file ${stage.path(1)} cannot be read from byte 0 on.`,
  ]);
});

Deno.test("while the connection is lost nothing is told, and the end waits for it", async () => {
  await using stage = new ReaderStage();
  stage.up();
  stage.connection.host.runs.answer = undefined;
  stage.write(1, "one\n");
  stage.follow(1, { over: true });
  await stage.clock.advance(1_000);
  stage.reader.tell({ type: "down" });
  await stage.clock.advance(600_000);
  assert.deepEqual(stage.told(), []);
  stage.up(new FakeConnection());
  await stage.clock.advance(0);
  assert.deepEqual(stage.told(), ["0 one\n 4"]);
});

Deno.test("a round that fails is made once more", async () => {
  await using stage = new ReaderStage();
  stage.up();
  stage.connection.host.runs.answer = () => {
    throw new Error("a test wants it");
  };
  stage.write(1, "one\n");
  stage.follow(1);
  await stage.clock.advance(2_000);
  stage.files.serve(stage.connection);
  await stage.clock.advance(1_000);
  assert.deepEqual(stage.told(), ["0 one\n open"]);
});

Deno.test("more jobs than one round reads take turns, those that have ended first", async () => {
  await using stage = new ReaderStage();
  stage.up();
  const jobs = Array.from({ length: 801 }, (_, n) => n + 1);
  for (const n of jobs) stage.follow(n);
  await stage.clock.advance(5_000);
  for (const n of jobs) stage.write(n, `${n}\n`);
  stage.follow(800, { over: true });
  await stage.clock.advance(0);
  const first = stage.told();
  assert.ok(first.includes("0 800\n 4"), "its end does not wait for a turn");
  await stage.clock.advance(5_000);
  const told = [...first, ...stage.told()];
  assert.equal(told.length, 801);
  assert.equal(new Set(told).size, 801, "each is told once");
});

Deno.test("a job that is not to be listened to any more is forgotten", async () => {
  await using stage = new ReaderStage();
  stage.up();
  stage.follow(1, { task: 0 });
  stage.follow(1, { task: 1 });
  stage.follow(2);
  stage.reader.tell({ type: "unfollow", jobId: jobNumber(1), tasks: [1] });
  stage.reader.tell({ type: "unfollow", jobId: jobNumber(2), tasks: "all" });
  stage.write(1, "zero\n", 0);
  stage.write(1, "one\n", 1);
  stage.write(2, "two\n");
  await stage.clock.advance(1_000);
  assert.deepEqual(stage.told(), ["0 zero\n open"]);
});
