import assert from "node:assert/strict";
import { attemptId, SluiceError } from "../../model/mod.ts";
import type { AttemptId } from "../../model/mod.ts";
import type { CancelMeans, Submission, SubmitOutcome } from "../../schedulers/mod.ts";
import type { JobMessage } from "../job/mod.ts";
import type { ActorRef } from "../kernel/mod.ts";
import { FakeConnection } from "../testing/fake_connection.ts";
import { anySpec, jobNumber, schedulerId } from "../testing/simulated_job.ts";
import { Stage } from "../testing/stage.ts";
import { submitter } from "./submitter.ts";
import type { SubmitterMessage, SubmitterReport } from "./submitter.ts";

const trouble = new SluiceError({ code: "BUSY", message: "Busy.", next: "", retryable: true });

const accepted = (batch: readonly Submission[]): SubmitOutcome[] =>
  batch.map(({ attemptId }) => ({ kind: "submitted", attemptId, schedulerId: schedulerId("12") }));

const postponed = (maybeSent: boolean) => (batch: readonly Submission[]): SubmitOutcome[] =>
  batch.map(({ attemptId }) => ({ kind: "postponed", attemptId, error: trouble, maybeSent }));

const rejected = (batch: readonly Submission[]): SubmitOutcome[] =>
  batch.map(({ attemptId }) => ({ kind: "rejected", attemptId, error: trouble }));

const first = (n: number): AttemptId => attemptId(jobNumber(n), 1);

class SubmitterStage extends Stage {
  readonly jobs = this.listener<JobMessage>();
  readonly reports: SubmitterReport[] = [];
  readonly submitter: ActorRef<SubmitterMessage>;
  connection = new FakeConnection();

  constructor(perSecond?: number) {
    super();
    this.submitter = this.system.spawn<SubmitterMessage, unknown>(
      "submitter",
      submitter({ report: (report) => void this.reports.push(report), perSecond }),
    );
  }

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
      errand: Symbol("a test"),
      attemptId: first(n),
      spec,
      place: {},
      maybeSent,
      job: this.jobs.ref,
    });
  }

  withdraw(n: number): void {
    this.submitter.tell({ type: "withdraw", attemptId: first(n) });
  }

  cancel(n: number, means: CancelMeans = { kind: "end" }): void {
    const cancellation = { attemptId: first(n), schedulerId: schedulerId(`${n}`), means };
    this.submitter.tell({ type: "cancel", cancellation, job: this.jobs.ref });
  }

  view() {
    return this.submitter.ask((reply) => ({ type: "view" as const, reply }));
  }

  waiting(): Promise<number> {
    return this.view().then(({ waiting }) => waiting);
  }

  /** Answers all that comes, and notes when, and with how many jobs. */
  answer(outcomes: (batch: readonly Submission[]) => SubmitOutcome[]): void {
    this.submits.answer = (batch) => {
      this.requests.push({ at: this.clock.now(), jobs: batch.length });
      return outcomes(batch);
    };
  }
  readonly requests: { readonly at: number; readonly jobs: number }[] = [];

  /** The times between the requests so far, in ms. */
  get waits(): number[] {
    return this.requests.slice(1).map(({ at }, index) => at - (this.requests[index]?.at ?? 0));
  }

  get heard(): string[] {
    return this.jobs.heard.map((message) =>
      message.type === "outcome" ? message.outcome.kind : message.type
    );
  }
}

Deno.test("a job hears that the scheduler has it before the others of its request are through", async () => {
  await using stage = new SubmitterStage();
  stage.up();
  for (const n of [1, 2, 3]) stage.enqueue(n);
  await stage.clock.advance(10);
  const outcome = {
    kind: "submitted",
    attemptId: first(2),
    schedulerId: schedulerId("12"),
  } as const;
  stage.connection.scheduler.onSubmitted?.(outcome);
  await stage.clock.advance(50);
  assert.deepEqual(stage.jobs.heard, [{ type: "outcome", outcome }]);
  stage.submits.last.ok(accepted(stage.submits.last.argument));
  await stage.clock.settle();
  assert.deepEqual(
    stage.jobs.heard.map((message) => message.type === "outcome" && message.outcome.attemptId),
    [first(2), first(1), first(3)],
    "and none hears it twice",
  );
});

Deno.test("what was submitted before the request broke off is not tried again", async () => {
  await using stage = new SubmitterStage();
  stage.up();
  for (const n of [1, 2]) stage.enqueue(n);
  await stage.clock.advance(10);
  const outcome = {
    kind: "submitted",
    attemptId: first(1),
    schedulerId: schedulerId("12"),
  } as const;
  stage.connection.scheduler.onSubmitted?.(outcome);
  await stage.clock.settle();
  stage.submitter.tell({ type: "down" });
  stage.up(new FakeConnection());
  await stage.clock.advance(60_000);
  assert.deepEqual(stage.submits.last.argument.map(({ attemptId }) => attemptId), [first(2)]);
});

Deno.test("what arrives together travels together, and what comes meanwhile goes next", async () => {
  await using stage = new SubmitterStage();
  const sent = () => stage.submits.made.map(({ argument }) => argument.length);
  const answer = async (request: number) => {
    const call = stage.submits.made[request];
    call?.ok(accepted(call.argument));
    await stage.clock.advance(10);
  };
  stage.up();
  for (let n = 0; n < 100; n++) stage.enqueue(n);
  await stage.clock.advance(10);
  assert.deepEqual(
    sent(),
    [64, 36],
    "the second is there when the scheduler is done with the first",
  );
  stage.enqueue(100);
  await stage.clock.advance(60_000);
  assert.equal(sent().length, 2, "two requests at a time");
  await answer(0);
  assert.deepEqual(sent(), [64, 36, 1]);
  await answer(1);
  await answer(2);
  assert.deepEqual(stage.heard, Array(101).fill("submitted"));
  assert.equal(await stage.waiting(), 0);
});

Deno.test("each job of a burst is in one request, however the answers come", async () => {
  await using stage = new SubmitterStage();
  stage.up();
  for (let n = 0; n < 900; n++) stage.enqueue(n);
  await stage.clock.advance(10);
  const { made } = stage.submits;
  const open = new Set(made.keys());
  while (open.size > 0) {
    // The second of two requests is answered before the first.
    const request = Math.max(...open);
    open.delete(request);
    const before = made.length;
    const call = made[request];
    call?.ok(accepted(call.argument));
    await stage.clock.advance(10);
    for (let sent = before; sent < made.length; sent++) open.add(sent);
  }
  const attempts = made.flatMap(({ argument }) => argument.map(({ attemptId }) => attemptId));
  assert.equal(attempts.length, 900);
  assert.equal(new Set(attempts).size, 900);
  assert.deepEqual(stage.heard, Array(900).fill("submitted"));
});

Deno.test("requests are smaller where the scheduler is slow", async () => {
  await using stage = new SubmitterStage();
  stage.up();
  for (let n = 0; n < 400; n++) stage.enqueue(n);
  await stage.clock.advance(10);
  for (let request = 0; request < 4; request++) {
    await stage.clock.advance(8_000);
    const call = stage.submits.made[request];
    call?.ok(accepted(call.argument));
    await stage.clock.advance(10);
  }
  const sent = stage.submits.made.map(({ argument }) => argument.length);
  assert.deepEqual(sent.slice(0, 5), [64, 64, 16, 16, 4]);
});

Deno.test("with a limit so many are handed over in a second, after a burst of one second", async () => {
  await using stage = new SubmitterStage(10);
  stage.answer(accepted);
  stage.up();
  for (let n = 0; n < 40; n++) stage.enqueue(n);
  const handedOver = () => stage.requests.reduce((sum, { jobs }) => sum + jobs, 0);
  await stage.clock.advance(10);
  assert.equal(handedOver(), 10);
  await stage.clock.advance(1_000);
  assert.equal(handedOver(), 20);
  await stage.clock.advance(2_000);
  assert.equal(handedOver(), 40);
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

Deno.test("a postponed job is tried ever more seldom while others get through", async () => {
  await using stage = new SubmitterStage();
  const times: number[] = [];
  stage.submits.answer = (batch) =>
    batch.flatMap((one) => {
      if (one.attemptId !== first(1)) return accepted([one]);
      times.push(stage.clock.now());
      return postponed(false)([one]);
    });
  stage.up();
  stage.enqueue(1);
  for (let n = 2; n < 1_000; n++) {
    stage.enqueue(n);
    await stage.clock.advance(400);
  }
  const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  const seconds = waits.map((wait) => Math.round(wait / 1_000));
  assert.deepEqual(seconds.slice(0, 8), [1, 2, 4, 8, 16, 32, 60, 60]);
  assert.deepEqual(stage.reports, []);
});

Deno.test("a job that waits for its next try holds up nobody else", async () => {
  await using stage = new SubmitterStage();
  stage.submits.answer = postponed(false);
  stage.up();
  stage.enqueue(1);
  await stage.clock.advance(1_500);
  stage.submits.answer = accepted;
  stage.enqueue(2);
  stage.cancel(3);
  await stage.clock.advance(10);
  assert.deepEqual(stage.submits.last.argument.map(({ attemptId }) => attemptId), [first(2)]);
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
  stage.submits.answer = rejected;
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
    for (let time = 0; time < 2; time++) stage.cancel(n);
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

Deno.test("a job hears when the scheduler took the request to end it", async () => {
  await using stage = new SubmitterStage();
  const { cancels } = stage.connection.scheduler;
  stage.up();
  const means = { kind: "signal", signal: "TERM" } as const;
  stage.cancel(1, means);
  await stage.clock.advance(10);
  assert.deepEqual(stage.heard, []);
  cancels.last.ok();
  await stage.clock.settle();
  assert.deepEqual(stage.jobs.heard, [{
    type: "cancelled",
    cancellation: { attemptId: first(1), schedulerId: schedulerId("1"), means },
  }]);
});

Deno.test("a stronger request that comes while a weaker one is under way is sent after it", async () => {
  await using stage = new SubmitterStage();
  const { cancels } = stage.connection.scheduler;
  stage.up();
  stage.cancel(1, { kind: "signal", signal: "TERM" });
  await stage.clock.advance(10);
  stage.cancel(1);
  await stage.clock.advance(10);
  assert.equal(cancels.made.length, 1);
  cancels.last.ok();
  await stage.clock.advance(10);
  assert.deepEqual(cancels.last.argument.map(({ means }) => means), [{ kind: "end" }]);
});

Deno.test("who is let go hears nothing more, whatever is under way", async () => {
  await using stage = new SubmitterStage();
  stage.up();
  stage.enqueue(1);
  stage.cancel(1);
  await stage.clock.advance(10);
  let released = 0;
  stage.submitter.tell({
    type: "release",
    attemptId: first(1),
    released: () => released++,
  });
  await stage.clock.settle();
  assert.equal(released, 1);
  stage.submits.last.ok(accepted(stage.submits.last.argument));
  stage.connection.scheduler.cancels.last.ok();
  await stage.clock.advance(60_000);
  assert.deepEqual(stage.heard, []);
  assert.equal(stage.submits.made.length, 1);
});

Deno.test("when nothing gets through, all wait and one at a time is tried, ever more seldom", async () => {
  await using stage = new SubmitterStage();
  stage.answer(postponed(true));
  stage.up();
  for (let n = 0; n < 200; n++) stage.enqueue(n);
  await stage.clock.advance(10);
  const [report, ...others] = stage.reports;
  assert.ok(report?.type === "submissions_paused");
  assert.deepEqual(others, []);
  assert.equal(report.error.code, "BUSY");
  assert.deepEqual(stage.requests.map(({ jobs }) => jobs), [64, 64, 64]);
  const view = await stage.view();
  assert.ok(view.status === "paused");
  assert.equal(view.waiting, 200);
  assert.equal(view.retryAt, report.retryAt);

  await stage.clock.advance(1_800_000);
  assert.ok(stage.requests.slice(3).every(({ jobs }) => jobs === 1));
  const waits = stage.waits.slice(2);
  for (const [index, wait] of waits.entries()) {
    const full = Math.min(300_000, 5_000 * 2 ** index);
    assert.ok(wait >= full * 0.8 - 1 && wait <= full + GATHERED_MS, `${index}: ${wait}`);
  }
  assert.ok(waits.length >= 10);
  assert.equal(stage.reports.length, 1, "it is said once");
  const tried = stage.submits.made.slice(3).map(({ argument }) => argument[0]?.attemptId);
  assert.equal(new Set(tried).size, tried.length, "each try is with another job");
});

/** What gathers jobs into one request may come on top of a wait, in ms. */
const GATHERED_MS = 10;

for (const [how, outcome] of Object.entries({ accepted, rejected })) {
  Deno.test(`when one gets through (${how}), all go on`, async () => {
    await using stage = new SubmitterStage();
    stage.answer(postponed(true));
    stage.up();
    for (let n = 0; n < 100; n++) stage.enqueue(n);
    await stage.clock.advance(60_000);
    stage.answer((batch) => batch.length === 1 ? outcome(batch) : accepted(batch));
    await stage.clock.advance(60_000);
    assert.deepEqual(stage.reports.map(({ type }) => type), [
      "submissions_paused",
      "submissions_resumed",
    ]);
    assert.deepEqual(await stage.view(), { status: "open", waiting: 0 });
    assert.deepEqual(stage.requests.slice(-3).map(({ jobs }) => jobs), [1, 64, 35]);
  });
}

Deno.test("while submissions are paused, jobs are taken on, taken back, and ended", async () => {
  await using stage = new SubmitterStage();
  stage.answer(postponed(false));
  stage.up();
  for (let n = 0; n < 3; n++) stage.enqueue(n);
  await stage.clock.advance(4_000);
  const before = stage.requests.length;
  stage.enqueue(7);
  stage.enqueue(8);
  stage.withdraw(8);
  stage.withdraw(0);
  stage.cancel(9);
  await stage.clock.advance(100);
  assert.equal(stage.connection.scheduler.cancels.made.length, 1);
  assert.deepEqual(stage.heard.filter((word) => word === "withdrawn"), ["withdrawn", "withdrawn"]);
  assert.equal(stage.requests.length, before, "nobody is tried out of turn");
  assert.equal((await stage.view()).waiting, 3);
});

for (const how of ["a new connection", "the user"] as const) {
  Deno.test(`a pause gives way to ${how}: one job is tried at once`, async () => {
    await using stage = new SubmitterStage();
    stage.answer(postponed(false));
    stage.up();
    for (let n = 0; n < 3; n++) stage.enqueue(n);
    await stage.clock.advance(600_000);
    const before = stage.requests.length;
    stage.answer(accepted);
    if (how === "the user") stage.submitter.tell({ type: "resume" });
    else stage.up();
    await stage.clock.advance(100);
    assert.deepEqual(stage.requests.slice(before).map(({ jobs }) => jobs), [1, 2]);
    assert.equal((await stage.view()).status, "open");
  });
}

Deno.test("what a lost connection leaves unanswered does not count as refused", async () => {
  await using stage = new SubmitterStage();
  stage.enqueue(1);
  for (let round = 0; round < 10; round++) {
    stage.up(new FakeConnection());
    await stage.clock.advance(10);
    stage.submits.last.fail(trouble);
    await stage.clock.settle();
    stage.submitter.tell({ type: "down" });
  }
  assert.deepEqual(stage.reports, []);
});

Deno.test("a job whose own trouble paused submissions does not hold up the next one", async () => {
  await using stage = new SubmitterStage();
  stage.answer((batch) =>
    batch.flatMap((one) => one.attemptId === first(1) ? postponed(false)([one]) : accepted([one]))
  );
  stage.up();
  stage.enqueue(1);
  await stage.clock.advance(600_000);
  assert.deepEqual(stage.reports.map(({ type }) => type), ["submissions_paused"]);
  stage.enqueue(2);
  await stage.clock.advance(10);
  assert.ok(stage.heard.includes("submitted"));
  assert.equal((await stage.view()).status, "open");
});
