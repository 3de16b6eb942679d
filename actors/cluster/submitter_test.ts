import assert from "node:assert/strict";
import { SluiceError } from "../../model/mod.ts";
import type { Submission, SubmitOutcome } from "../../schedulers/mod.ts";
import type { JobMessage } from "../job/mod.ts";
import { FakeConnection } from "../testing/fake_connection.ts";
import { anySpec, jobNumber, schedulerId } from "../testing/simulated_job.ts";
import { Stage } from "../testing/stage.ts";
import { submitter } from "./submitter.ts";
import type { SubmitterMessage } from "./submitter.ts";

const trouble = new SluiceError({ code: "BUSY", message: "Busy.", next: "", retryable: true });

const accepted = (batch: readonly Submission[]): SubmitOutcome[] =>
  batch.map(({ jobId }) => ({ kind: "submitted", jobId, schedulerId: schedulerId("12") }));

const postponed = (maybeSent: boolean) => (batch: readonly Submission[]): SubmitOutcome[] =>
  batch.map(({ jobId }) => ({ kind: "postponed", jobId, error: trouble, maybeSent }));

class SubmitterStage extends Stage {
  readonly jobs = this.listener<JobMessage>();
  readonly submitter = this.system.spawn<SubmitterMessage, unknown>("submitter", submitter());
  connection = new FakeConnection();

  get submits() {
    return this.connection.scheduler.submits;
  }

  up(connection = this.connection): void {
    this.connection = connection;
    this.submitter.tell({ type: "up", connection });
  }

  enqueue(n: number, maybeSent = false): void {
    const spec = anySpec();
    this.submitter.tell({
      type: "enqueue",
      jobId: jobNumber(n),
      spec,
      maybeSent,
      job: this.jobs.ref,
    });
  }

  withdraw(n: number): void {
    this.submitter.tell({ type: "withdraw", jobId: jobNumber(n) });
  }

  waiting(): Promise<number> {
    const view = this.submitter.ask((reply) => ({ type: "view" as const, reply }));
    return view.then(({ waiting }) => waiting);
  }

  get heard(): string[] {
    return this.jobs.heard.map((message) =>
      message.type === "outcome" ? message.outcome.kind : message.type
    );
  }
}

Deno.test("what arrives together travels together, and what comes meanwhile goes next", async () => {
  await using stage = new SubmitterStage();
  stage.up();
  for (let n = 0; n < 100; n++) stage.enqueue(n);
  await stage.clock.advance(10);
  assert.equal(stage.submits.made.length, 1);
  assert.equal(stage.submits.last.argument.length, 64);
  stage.enqueue(100);
  await stage.clock.advance(60_000);
  assert.equal(stage.submits.made.length, 1, "one request at a time");
  stage.submits.last.ok(accepted(stage.submits.last.argument));
  await stage.clock.advance(10);
  assert.equal(stage.submits.last.argument.length, 37);
  stage.submits.last.ok(accepted(stage.submits.last.argument));
  await stage.clock.advance(10);
  assert.deepEqual(stage.heard, Array(101).fill("submitted"));
  assert.equal(await stage.waiting(), 0);
});

Deno.test("nothing is sent without a connection, and everything when it comes", async () => {
  await using stage = new SubmitterStage();
  stage.enqueue(1);
  await stage.clock.advance(60_000);
  assert.equal(stage.submits.made.length, 0);
  stage.up();
  await stage.clock.advance(0);
  assert.equal(stage.submits.made.length, 1);
});

Deno.test("the first try looks for nothing, every later one does", async () => {
  await using stage = new SubmitterStage();
  stage.submits.answer = postponed(false);
  stage.up();
  stage.enqueue(1);
  stage.enqueue(2, true);
  await stage.clock.advance(10);
  assert.deepEqual(stage.submits.last.argument.map(({ recheck }) => recheck), [false, true]);
  await stage.clock.advance(2_000);
  assert.deepEqual(stage.submits.last.argument.map(({ recheck }) => recheck), [true, true]);
});

Deno.test("a postponed job is tried ever more seldom, up to once a minute", async () => {
  await using stage = new SubmitterStage();
  const times: number[] = [];
  stage.submits.answer = (batch) => {
    times.push(stage.clock.now());
    return postponed(false)(batch);
  };
  stage.up();
  stage.enqueue(1);
  await stage.clock.advance(400_000);
  const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  assert.deepEqual(waits.slice(0, 9), [
    1_000,
    2_000,
    4_000,
    8_000,
    16_000,
    32_000,
    60_000,
    60_000,
    60_000,
  ]);
});

Deno.test("a job that waits for its next try holds up nobody else", async () => {
  await using stage = new SubmitterStage();
  stage.submits.answer = postponed(false);
  stage.up();
  stage.enqueue(1);
  await stage.clock.advance(200_000);
  stage.submits.answer = accepted;
  stage.enqueue(2);
  stage.submitter.tell({
    type: "cancel",
    cancellation: { jobId: jobNumber(3), schedulerId: schedulerId("3") },
  });
  await stage.clock.advance(10);
  assert.deepEqual(stage.submits.last.argument.map(({ jobId }) => jobId), [jobNumber(2)]);
  assert.equal(stage.connection.scheduler.cancels.made.length, 1);
});

Deno.test("a request that fails as a whole postpones every job in it, which may have got through", async () => {
  await using stage = new SubmitterStage();
  stage.up();
  stage.enqueue(1);
  stage.enqueue(2);
  await stage.clock.advance(10);
  stage.submits.last.fail(trouble);
  await stage.clock.advance(10);
  assert.deepEqual(stage.heard, ["postponed", "postponed"]);
  stage.withdraw(1);
  await stage.clock.advance(10);
  assert.equal(await stage.waiting(), 2);
});

Deno.test("what waits can be taken back", async () => {
  await using stage = new SubmitterStage();
  stage.enqueue(1);
  stage.withdraw(1);
  await stage.clock.settle();
  assert.deepEqual(stage.heard, ["withdrawn"]);
  stage.up();
  await stage.clock.advance(60_000);
  assert.equal(stage.submits.made.length, 0);
});

Deno.test("what is under way cannot be taken back, but after a sure refusal it can", async () => {
  await using stage = new SubmitterStage();
  stage.up();
  stage.enqueue(1);
  await stage.clock.advance(10);
  stage.withdraw(1);
  await stage.clock.advance(10);
  assert.deepEqual(stage.heard, []);
  stage.submits.last.ok(postponed(false)(stage.submits.last.argument));
  await stage.clock.settle();
  stage.withdraw(1);
  await stage.clock.settle();
  assert.deepEqual(stage.heard, ["postponed", "withdrawn"]);
});

Deno.test("what may have been sent can never be taken back", async () => {
  await using stage = new SubmitterStage();
  stage.submits.answer = postponed(true);
  stage.up();
  stage.enqueue(1);
  stage.enqueue(2, true);
  stage.withdraw(2);
  await stage.clock.advance(10);
  stage.submits.answer = postponed(false);
  await stage.clock.advance(10_000);
  stage.withdraw(1);
  await stage.clock.settle();
  assert.ok(!stage.heard.includes("withdrawn"));
});

Deno.test("a lost connection sends what was under way again, with a look first", async () => {
  await using stage = new SubmitterStage();
  stage.up();
  stage.enqueue(1);
  await stage.clock.advance(10);
  const late = stage.submits.last;
  stage.submitter.tell({ type: "down" });
  stage.withdraw(1);
  await stage.clock.advance(60_000);
  stage.up(new FakeConnection());
  await stage.clock.settle();
  assert.deepEqual(stage.submits.last.argument.map(({ recheck }) => recheck), [true]);
  // The answer of the connection that is gone comes after all, and counts no more.
  late.ok(accepted(late.argument));
  await stage.clock.settle();
  assert.deepEqual(stage.heard, []);
  stage.submits.last.ok(accepted(stage.submits.last.argument));
  await stage.clock.settle();
  assert.deepEqual(stage.heard, ["submitted"]);
});

Deno.test("a refused job is forgotten", async () => {
  await using stage = new SubmitterStage();
  stage.submits.answer = (batch) =>
    batch.map(({ jobId }) => ({ kind: "rejected", jobId, error: trouble }));
  stage.up();
  stage.enqueue(1);
  await stage.clock.advance(120_000);
  assert.deepEqual(stage.heard, ["rejected"]);
  assert.equal(stage.submits.made.length, 1);
});

Deno.test("a job without an answer is asked about again", async () => {
  await using stage = new SubmitterStage();
  stage.submits.answer = () => [];
  stage.up();
  stage.enqueue(1);
  await stage.clock.advance(10);
  stage.submits.answer = accepted;
  await stage.clock.advance(10_000);
  assert.deepEqual(stage.heard, ["submitted"]);
});

Deno.test("cancellations that come together are one request, and a failed one is sent again", async () => {
  await using stage = new SubmitterStage();
  const { cancels } = stage.connection.scheduler;
  stage.up();
  for (let n = 0; n < 50; n++) {
    const cancellation = { jobId: jobNumber(n), schedulerId: schedulerId(`${n}`) };
    for (let time = 0; time < 2; time++) stage.submitter.tell({ type: "cancel", cancellation });
  }
  await stage.clock.advance(10);
  assert.equal(cancels.made.length, 1);
  assert.equal(cancels.last.argument.length, 50);
  cancels.last.fail(trouble);
  await stage.clock.advance(1_100);
  assert.equal(cancels.made.length, 2);
  assert.equal(cancels.last.argument.length, 50);
  cancels.last.ok();
  await stage.clock.advance(60_000);
  assert.equal(cancels.made.length, 2);
});
