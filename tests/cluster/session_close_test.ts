/**
 * Sessions that close: when asked, when idle, and whatever steps arrive meanwhile.
 */

import assert from "node:assert/strict";
import type { SessionId } from "../../model/mod.ts";
import type { SessionSighting, SubmitOutcome } from "../../schedulers/mod.ts";
import { SessionBench } from "./support/session_bench.ts";
import type { Handed } from "./support/session_bench.ts";
import { sideBySide } from "./support/side_by_side.ts";
import { jobSpec, shellJob } from "./support/workspace.ts";

const SOON = () => AbortSignal.timeout(60_000);

async function inspect(
  bench: SessionBench,
  id: SessionId,
  job: Handed,
  nodes: readonly string[] = [],
): Promise<SessionSighting> {
  const { schedulerId } = job;
  const [seen] = await bench.scheduler.inspect([{ sessionId: id, nodes, schedulerId }], SOON());
  assert.ok(seen !== undefined);
  return seen;
}

Deno.test("a session that is asked to close lets its steps end, and takes no more", async () => {
  await using bench = await SessionBench.open();
  const { id, job } = await bench.openSession(
    { nodes: 1, cpusPerTask: 1, memory: 500 },
    { maxConcurrent: 1 },
  );
  const [first] = await bench.steps(id, ["until [ -e go ]; do sleep 0.1; done"]);
  assert.ok(first !== undefined);
  await bench.untilSeen(first, "active");
  const others = await bench.steps(id, ["exit 0", "exit 4"]);
  await bench.scheduler.closeSession(id, SOON());
  await bench.until(
    "it has closed",
    async () => (await inspect(bench, id, job)).closed === "asked",
  );
  const seen = await inspect(bench, id, job);
  assert.deepEqual([seen.waiting, seen.running], [2, 1]);
  const late = bench.submission(jobSpec(shellJob("exit 0")), id);
  const [refused] = await bench.scheduler.submit([late], SOON());
  assert.ok(refused?.kind === "rejected");
  assert.equal(refused.error.code, "SESSION_CLOSED");
  assert.equal(await bench.exists(late.attemptId), false, "nothing of it stays");
  await bench.shell(`touch ${first.jobId}/go`);
  const ends = await bench.ends([first, ...others, job]);
  assert.deepEqual(ends.map(({ exitCode }) => exitCode), [0, 0, 4, 0]);
  const [again] = await bench.scheduler.submit([late], SOON());
  assert.ok(again?.kind === "rejected");
  await bench.scheduler.closeSession(id, SOON());
});

/** Hands over steps around the moment at which their session closes. */
async function arriveWhileClosing(close: "asked" | "idle"): Promise<void> {
  await using bench = await SessionBench.open();
  const { id, job } = await bench.openSession(
    { nodes: 1, cpusPerTask: 2, memory: 500 },
    close === "idle" ? { idleSeconds: 1 } : {},
  );
  const outcomes: SubmitOutcome[] = [];
  const submissions = Array.from(
    { length: 12 },
    () => bench.submission(jobSpec(shellJob("touch ran")), id),
  );
  const closing = (async () => {
    if (close === "asked") {
      await bench.until("some are there", () => Promise.resolve(outcomes.length > 3), 5);
      await bench.scheduler.closeSession(id, SOON());
      await bench.until(
        "it has closed",
        async () => (await inspect(bench, id, job)).closed === "asked",
      );
    }
  })();
  for (const [index, submission] of submissions.entries()) {
    // The last comes for sure when it has closed.
    if (index === submissions.length - 1) await closing;
    // Around the moment at which an idle session closes.
    if (close === "idle") await new Promise((resolve) => setTimeout(resolve, 900));
    outcomes.push(...await bench.scheduler.submit([submission], SOON()));
  }
  await bench.ends([job]);
  const taken = outcomes.filter(({ kind }) => kind === "submitted");
  const refused = outcomes.filter(({ kind }) => kind === "rejected");
  assert.equal(taken.length + refused.length, submissions.length);
  const ends = await bench.ends(
    submissions.slice(0, taken.length).map((one) => bench.handed(one, outcomes)),
  );
  assert.deepEqual(ends.map(({ phase }) => phase), taken.map(() => "succeeded"));
  for (const { attemptId } of refused) assert.equal(await bench.exists(attemptId), false);
  if (close === "asked") assert.ok(taken.length > 0 && refused.length > 0);
}

// The agent of a session waits for half a minute longer than was asked for, should Sluice be away.
sideBySide("an idle session closes", {
  "when nobody has used it for so long, and says why": async () => {
    await using bench = await SessionBench.open();
    const { id, job } = await bench.openSession(
      { nodes: 2, cpusPerTask: 1, memory: 500 },
      { idleSeconds: 4 },
    );
    const [step] = await bench.steps(id, ["sleep 6; until [ -e go ]; do sleep 0.1; done"]);
    assert.ok(step !== undefined);
    await bench.untilSeen(step, "active");
    const [session] = await bench.look([job]);
    assert.ok(session?.kind === "active");
    const seen = await inspect(bench, id, job, session.nodes);
    assert.deepEqual(seen.nodes.map(({ node }) => node).toSorted(), [...session.nodes].toSorted());
    assert.ok(seen.nodes.every(({ usable }) => usable));
    assert.deepEqual([seen.waiting, seen.running, seen.closed], [0, 1, undefined]);
    const minutesLeft = ((seen.expiresAt ?? 0) - (session.startedAt ?? 0)) / 60_000;
    assert.ok(minutesLeft > 9 && minutesLeft < 11, `${minutesLeft} min`);
    await bench.shell(`touch ${step.jobId}/go`);
    const [end, closed] = await bench.ends([step, job]);
    assert.equal(end?.phase, "succeeded", "it was not idle while it ran");
    assert.equal(closed?.phase, "succeeded");
    assert.equal((await inspect(bench, id, job)).closed, "idle");
  },
  "and of steps that arrive meanwhile each either runs or is refused": () =>
    arriveWhileClosing("idle"),
});

Deno.test("of steps that arrive while their session is asked to close each either runs or is refused", () =>
  arriveWhileClosing("asked"));

Deno.test("a session that has not begun takes steps, which run once it has", async () => {
  await using bench = await SessionBench.open();
  const { id, job } = await bench.openSession(
    { nodes: 1, cpusPerTask: 1, memory: 500, begin: "now+1hour" },
    {},
    false,
  );
  const steps = await bench.steps(id, ["exit 0", "exit 6"]);
  for (const sighting of await bench.look(steps)) assert.equal(sighting.kind, "waiting");
  const [cancelled] = await bench.steps(id, ["exit 0"]);
  assert.ok(cancelled !== undefined);
  await bench.cancel(cancelled);
  await bench.shell(`scontrol update jobid=${job.schedulerId} starttime=now`);
  const ends = await bench.ends([...steps, cancelled]);
  assert.deepEqual(ends.map(({ phase }) => phase), ["succeeded", "failed", "cancelled"]);
  await bench.scheduler.closeSession(id, SOON());
  await bench.ends([job]);
});
