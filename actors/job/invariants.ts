/**
 * What holds of every job at every moment, whatever it is told and in whatever order.
 *
 * @module
 */

import { isFinal } from "../../model/mod.ts";
import type { JobFact, JobPhase, JobView } from "../../model/mod.ts";
import type { Wish } from "./cancel.ts";
import type { Standing } from "./fold.ts";
import { isLost } from "./retry.ts";
import { countPhases } from "./tasks.ts";

/** One step of a job's history. */
export interface Step {
  /** The job before the fact; `undefined` before the first one. */
  readonly before: JobView | undefined;
  /** The fact. */
  readonly fact: JobFact;
  /** The job after it. */
  readonly after: JobView;
}

const order: Readonly<Record<JobPhase, number>> = {
  accepted: 0,
  staging: 1,
  submitting: 2,
  queued: 3,
  running: 4,
  succeeded: 5,
  failed: 5,
  cancelled: 5,
  timed_out: 5,
};

type Claim = (holds: boolean, law: string) => void;

/** What holds of a job that is no array and of each task of one, within one attempt. */
function standingLaws(before: Standing | undefined, after: Standing, claim: Claim): void {
  const { phase, exitCode, startedAt, endedAt, signal } = after;
  const ran = phase === "running" || isFinal(phase);
  claim(exitCode === undefined || ran, "only what runs or has ended has an exit code");
  claim(startedAt === undefined || ran, "only what runs or has ended has a start");
  claim(endedAt === undefined || isFinal(phase), "only what has ended has an end");
  claim(signal === undefined || isFinal(phase), "only what has ended was ended by a signal");
  if (before === undefined) return;
  claim(after.restarts >= before.restarts, "restarts are never taken back");
  claim(
    !isFinal(before.phase) || JSON.stringify(ending(before)) === JSON.stringify(ending(after)),
    "a verdict never changes",
  );
  const restarted = after.restarts > before.restarts;
  const forward = order[phase] >= order[before.phase];
  claim(
    forward || (restarted && phase === "queued" && before.phase === "running"),
    "a phase goes back only where the scheduler put the job back",
  );
  claim(
    !restarted || exitCode === undefined || isFinal(phase),
    "a new run does not begin with the exit code of the one before",
  );
}

function ending({ phase, state, exitCode, signal, startedAt, endedAt }: Standing) {
  return [phase, state, exitCode, signal, startedAt, endedAt];
}

/** What holds of how a job or a task is to be ended. */
function wishLaws(before: Wish | undefined, after: Wish, claim: Claim): void {
  const { cancelRequested, cancelSignals, forceAt } = after;
  claim(
    cancelRequested === true || cancelSignals === undefined,
    "only what is to be cancelled gets a signal",
  );
  claim(
    cancelSignals !== undefined || forceAt === undefined,
    "only what got a signal has a grace period",
  );
  claim(
    cancelRequested === true || before?.cancelRequested !== true,
    "a cancellation is never taken back",
  );
  for (const { signal, sentAt } of before?.cancelSignals ?? []) {
    const now = cancelSignals?.find((one) => one.signal === signal);
    claim(now !== undefined, "what signals were asked for is never forgotten");
    claim(sentAt === undefined || now?.sentAt === sentAt, "a signal is sent once");
  }
}

/** What holds when an attempt has ended that another one follows. */
function attemptLaws(
  before: JobView,
  fact: Extract<JobFact, { type: "attempt_ended" }>,
  after: JobView,
  claim: Claim,
): void {
  const record = after.attempts.at(-1);
  claim(
    fact.attempt === before.attempt && record?.attempt === before.attempt &&
      record.phase === fact.phase && record.schedulerId === before.schedulerId,
    "the record of an attempt is that of the attempt that ended",
  );
  claim(
    before.schedulerId !== undefined,
    "an attempt that never reached the scheduler is the last",
  );
  claim(!before.cancelRequested, "a job that is to be cancelled is not tried again");
  claim(
    fact.tasks !== undefined || fact.phase === "failed" || fact.phase === "timed_out",
    "only what failed is tried again",
  );
  claim((fact.tasks === undefined) === (before.tasks === undefined), "of an array tasks are tried");
  for (const number of fact.tasks ?? []) {
    const task = before.tasks?.find((one) => one.task === number);
    claim(
      task?.phase === "failed" || task?.phase === "timed_out",
      "only tasks that failed are tried again",
    );
    claim(task?.cancelRequested !== true, "a task that is to be cancelled is not tried again");
  }
}

function signalLaws(
  before: JobView,
  { task, signal }: Extract<JobFact, { type: "signalled" }>,
  claim: Claim,
): void {
  const part: Wish | undefined = task === undefined
    ? before
    : before.tasks?.find((one) => one.task === task);
  claim(
    part?.cancelSignals?.some((one) => one.signal === signal && one.sentAt === undefined) === true,
    "only a signal that was asked for is sent, and once",
  );
}

/** What holds when the job or a task of it has ended that the scheduler lost before it began. */
function lossLaws(before: JobView, fact: JobFact, claim: Claim): void {
  if (fact.type !== "ended" && fact.type !== "attempt_ended") return;
  if (!isLost(fact)) return;
  const task = fact.type === "ended" ? fact.task : undefined;
  const parts = before.tasks === undefined
    ? [before]
    : before.tasks.filter((one) => one.task === task);
  // The scheduler may have shown it running without its script having begun.
  for (const { exitCode } of parts) {
    claim(exitCode === undefined, "what has an exit code was not lost before it began");
  }
}

/** The view without what every event changes. */
function substance({ events: _events, updatedAt: _updatedAt, ...rest }: JobView): string {
  return JSON.stringify(rest);
}

/** What holds of every view by itself. */
function viewLaws(after: JobView, claim: Claim): void {
  const { phase, attempt, attempts, tasks } = after;
  const ended = isFinal(phase);
  const unsent = after.schedulerId === undefined;
  claim(!ended || after.unknownSince === undefined, "a job that has ended is not unknown");
  claim(
    (after.unknownSince === undefined) === (after.unknownReason === undefined),
    "what is unknown has a reason",
  );
  claim(!unsent || after.unknownSince === undefined, "only what was sent is unknown");
  claim(
    unsent === (after.submittedAt === undefined),
    "the scheduler's id and the time of submission come together",
  );
  claim(
    ended || unsent === (phase === "accepted" || phase === "staging" || phase === "submitting"),
    "a job waits or runs once the scheduler has it, and not before",
  );
  claim(
    ended || (phase === "accepted" || phase === "staging") === (after.tries === 0),
    "tries are counted from the first",
  );
  claim(attempt === attempts.length + 1, "every attempt before the present one has its record");
  claim(
    attempts.every((record, index) => record.attempt === index + 1 && isFinal(record.phase)),
    "attempts are numbered without a gap, and have ended",
  );
  claim(
    (after.retryAt !== undefined) === (phase === "accepted" && attempt > 1),
    "a job has a time for its next attempt exactly while it waits for it",
  );
  claim(
    !ended || (tasks ?? []).every((task) => isFinal(task.phase)),
    "the verdict on an array comes after those on all of its tasks",
  );
}

/** Which laws a step of a job's history breaks; none, ever. */
export function brokenInvariants({ before, fact, after }: Step): string[] {
  const troubles: string[] = [];
  const claim: Claim = (holds, law) => {
    if (!holds) troubles.push(law);
  };
  claim((before === undefined) === (fact.type === "accepted"), "a history begins with 'accepted'");
  claim(after.events === (before?.events ?? 0) + 1, "events are numbered without a gap");
  viewLaws(after, claim);
  wishLaws(before, after, claim);
  const again = fact.type === "attempt_ended" ? fact.tasks ?? [] : [];
  const { tasks } = after;
  claim(
    JSON.stringify(Object.entries(after.taskPhases ?? {}).toSorted()) ===
      JSON.stringify(Object.entries(countPhases(tasks ?? [])).toSorted()),
    "the tasks of an array are counted by their phases",
  );
  if (tasks === undefined) {
    standingLaws(fact.type === "attempt_ended" ? undefined : before, after, claim);
  } else {
    for (const task of tasks) {
      const earlier = before?.tasks?.find((one) => one.task === task.task);
      standingLaws(again.includes(task.task) ? undefined : earlier, task, claim);
      wishLaws(earlier, task, claim);
    }
  }
  if (before === undefined) return troubles;
  claim(!isFinal(before.phase), "nothing follows a job's end");
  claim(
    isFinal(after.phase) === (fact.type === "ended" && fact.task === undefined),
    "only 'ended' ends a job",
  );
  claim(
    before.schedulerId === undefined || before.schedulerId === after.schedulerId ||
      fact.type === "attempt_ended",
    "the scheduler's id changes only with the attempt",
  );
  claim(
    after.attempt === before.attempt + (fact.type === "attempt_ended" ? 1 : 0),
    "only the end of an attempt begins the next one",
  );
  claim(
    JSON.stringify(before.attempts) ===
      JSON.stringify(after.attempts.slice(0, before.attempts.length)),
    "the record of an attempt never changes",
  );
  if (fact.type === "attempt_ended") attemptLaws(before, fact, after, claim);
  claim(
    before.environments === undefined ||
      JSON.stringify(before.environments) === JSON.stringify(after.environments),
    "all attempts use the same environments",
  );
  claim(
    before.environments === undefined ||
      JSON.stringify(before.inputs) === JSON.stringify(after.inputs),
    "all attempts use the same inputs",
  );
  claim(
    before.environments === undefined ||
      JSON.stringify(before.scripts) === JSON.stringify(after.scripts),
    "all attempts use the same lines of scripts on the cluster",
  );
  claim(fact.type !== "staged" || before.phase === "staging", "what is staged was being sent");
  claim(
    fact.type !== "submitting" || after.updatedAt >= (before.retryAt ?? 0),
    "an attempt does not begin before its time",
  );
  lossLaws(before, fact, claim);
  if (fact.type === "signalled") signalLaws(before, fact, claim);
  claim(substance(before) !== substance(after), "a fact says something new");
  claim(after.updatedAt >= before.updatedAt, "time does not go back");
  claim(
    before.tasks?.map(({ task }) => task).join() === tasks?.map(({ task }) => task).join(),
    "an array's tasks stay the same",
  );
  return troubles;
}
