import assert from "node:assert/strict";
import { SluiceError } from "../../model/mod.ts";
import type { LinkView } from "../../model/mod.ts";
import { Calls, FakeConnection } from "../testing/fake_connection.ts";
import { Stage } from "../testing/stage.ts";
import type { Connection } from "./connection.ts";
import { link } from "./link.ts";
import type { LinkMemory, LinkMessage } from "./link.ts";

const lost = new SluiceError({ code: "LINK_LOST", message: "Cut.", next: "", retryable: true });
const refused = new SluiceError({ code: "AUTH_FAILED", message: "No.", next: "Mend the key." });

class LinkStage extends Stage {
  readonly connects = new Calls<AbortSignal, Connection>();
  readonly reports: string[] = [];
  readonly memory: LinkMemory = { refusal: undefined };
  readonly link = this.start("link");

  /** A link with the memory of the others. */
  start(name: string) {
    return this.system.spawn<LinkMessage, unknown>(
      name,
      link({
        connect: (signal) => this.connects.call(signal),
        report: (report) => {
          const known = report.type === "link_refused" && report.known;
          this.reports.push(known ? "link_refused before" : report.type);
        },
        memory: this.memory,
      }),
    );
  }

  view(): Promise<LinkView> {
    return this.link.ask((reply) => ({ type: "view" as const, reply }));
  }

  async connected(): Promise<FakeConnection> {
    await this.clock.settle();
    const connection = new FakeConnection();
    this.connects.last.ok(connection);
    await this.clock.settle();
    return connection;
  }

  /** The times between the attempts so far, in ms. */
  readonly times: number[] = [];

  failAlways(error: unknown): void {
    this.connects.answer = () => {
      this.times.push(this.clock.now());
      throw error;
    };
  }
}

Deno.test("it connects at once, and says so when it stands", async () => {
  await using stage = new LinkStage();
  assert.equal((await stage.view()).status, "connecting");
  await stage.connected();
  assert.equal((await stage.view()).status, "up");
  assert.deepEqual(stage.reports, ["link_up"]);
});

Deno.test("a connection that cannot be made is tried ever more seldom, without end", async () => {
  await using stage = new LinkStage();
  stage.failAlways(lost);
  await stage.clock.advance(3_600_000);
  const waits = stage.times.slice(1).map((time, index) => time - (stage.times[index] ?? 0));
  assert.ok(waits.length >= 45, `${waits.length}`);
  assert.ok((waits[0] ?? 0) <= 1_300);
  assert.ok(waits.every((wait) => wait >= 700 && wait <= 78_000), waits.join());
  assert.ok(waits.slice(10).every((wait) => wait >= 42_000), waits.join());
  assert.ok(new Set(waits.slice(10)).size > 5, "chance keeps a site's users from coming together");
  const view = await stage.view();
  assert.ok(view.status === "lost");
  assert.equal(view.since, stage.times[0]);
  assert.equal(view.attempts, stage.times.length);
  assert.equal(view.error.code, "LINK_LOST");
});

Deno.test("a refused login is not tried again until somebody says so", async () => {
  await using stage = new LinkStage();
  stage.failAlways(refused);
  await stage.clock.advance(3_600_000);
  assert.equal(stage.connects.made.length, 1);
  assert.deepEqual(stage.reports, ["link_refused"]);
  const view = await stage.view();
  assert.ok(view.status === "refused");
  assert.equal(view.error.next, "Mend the key.");
  stage.connects.answer = undefined;
  stage.link.tell({ type: "connect" });
  await stage.connected();
  assert.equal((await stage.view()).status, "up");
});

Deno.test("a refused login is not tried again by a link that is started anew, however often", async () => {
  await using stage = new LinkStage();
  stage.failAlways(refused);
  await stage.clock.settle();
  for (let n = 0; n < 20; n++) {
    const defect = () => {
      throw new Error("a defect");
    };
    stage.link.tell({ type: "view", reply: { ok: defect, fail: defect } });
    await stage.clock.advance(60_000);
  }
  assert.equal(stage.system.tree().children[0]?.restarts, 20);
  const another = stage.start("another");
  await stage.clock.advance(3_600_000);
  assert.equal(stage.connects.made.length, 1);
  assert.equal(stage.reports.filter((report) => report === "link_refused").length, 1);
  stage.connects.answer = undefined;
  another.tell({ type: "connect" });
  await stage.connected();
  assert.equal(stage.memory.refusal, undefined);
});

Deno.test("a refusal that cuts short a wait for the next try ends all tries", async () => {
  await using stage = new LinkStage();
  stage.failAlways(lost);
  await stage.clock.advance(10_000);
  assert.equal((await stage.view()).status, "lost");
  stage.failAlways(refused);
  stage.link.tell({ type: "connect" });
  await stage.clock.settle();
  const { length } = stage.connects.made;
  await stage.clock.advance(3_600_000);
  assert.equal(stage.connects.made.length, length);
  assert.equal(stage.clock.pending, 0);
});

Deno.test("being told to connect while it connects or stands changes nothing", async () => {
  await using stage = new LinkStage();
  stage.link.tell({ type: "connect" });
  await stage.connected();
  stage.link.tell({ type: "connect" });
  await stage.clock.advance(1_000);
  assert.equal(stage.connects.made.length, 1);
});

Deno.test("a connection that is cut is closed and made again", async () => {
  await using stage = new LinkStage();
  const first = await stage.connected();
  await stage.clock.advance(3_600_000);
  first.host.cut(lost);
  await stage.clock.settle();
  assert.deepEqual(stage.reports, ["link_up", "link_lost"]);
  await stage.clock.advance(1_300);
  await stage.connected();
  assert.deepEqual(stage.reports, ["link_up", "link_lost", "link_up"]);
});

Deno.test("connections that last for a moment only are not made in quick succession", async () => {
  await using stage = new LinkStage();
  stage.connects.answer = () => {
    stage.times.push(stage.clock.now());
    const connection = new FakeConnection();
    connection.host.cut(lost);
    return connection;
  };
  await stage.clock.advance(600_000);
  assert.ok(stage.times.length < 20, `${stage.times.length}`);
});

Deno.test("stopping closes the connection, and one that is made too late", async () => {
  const stage = new LinkStage();
  const connection = await stage.connected();
  await stage[Symbol.asyncDispose]();
  assert.equal(await connection.host.closed, undefined);

  const late = new LinkStage();
  await late.clock.settle();
  const pending = late.connects.last;
  await late[Symbol.asyncDispose]();
  const tooLate = new FakeConnection();
  pending.ok(tooLate);
  assert.equal(await tooLate.host.closed, undefined);
});
