/**
 * What holds of every job at every moment, whatever it is told and in whatever order.
 *
 * @module
 */

import { isFinal } from "../../model/mod.ts";
import type { JobFact, JobPhase, JobView } from "../../model/mod.ts";
import type { Standing } from "./fold.ts";

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

/** What holds of a job that is no array and of each task of one. */
function standingTroubles(before: Standing | undefined, after: Standing): string[] {
  const troubles: string[] = [];
  const claim = (holds: boolean, law: string) => {
    if (!holds) troubles.push(law);
  };
  const { phase, exitCode, startedAt, endedAt, signal } = after;
  const ran = phase === "running" || isFinal(phase);
  claim(exitCode === undefined || ran, "only what runs or has ended has an exit code");
  claim(startedAt === undefined || ran, "only what runs or has ended has a start");
  claim(endedAt === undefined || isFinal(phase), "only what has ended has an end");
  claim(signal === undefined || isFinal(phase), "only what has ended was ended by a signal");
  if (before === undefined) return troubles;
  claim(after.restarts >= before.restarts, "restarts are never taken back");
  claim(!isFinal(before.phase) || before.phase === phase, "a verdict never changes");
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
  return troubles;
}

/** Which laws a step of a job's history breaks; none, ever. */
export function brokenInvariants({ before, fact, after }: Step): string[] {
  const troubles: string[] = [];
  const claim = (holds: boolean, law: string) => {
    if (!holds) troubles.push(law);
  };
  claim((before === undefined) === (fact.type === "accepted"), "a history begins with 'accepted'");
  claim(after.events === (before?.events ?? 0) + 1, "events are numbered without a gap");
  claim(
    !isFinal(after.phase) || after.unknownSince === undefined,
    "a job that has ended is not unknown",
  );
  claim(
    (after.unknownSince === undefined) === (after.unknownReason === undefined),
    "what is unknown has a reason",
  );
  claim(
    (after.schedulerId === undefined) === (after.submittedAt === undefined),
    "the scheduler's id and the time of submission come together",
  );
  const { tasks } = after;
  const neverSent = after.schedulerId === undefined;
  claim(
    tasks === undefined || !isFinal(after.phase) || neverSent ||
      tasks.every(({ phase }) => isFinal(phase)),
    "the verdict on an array comes after those on all of its tasks",
  );
  if (tasks === undefined) troubles.push(...standingTroubles(before, after));
  else {
    for (const task of tasks) {
      troubles.push(
        ...standingTroubles(before?.tasks?.find((one) => one.task === task.task), task),
      );
    }
  }
  if (before === undefined) return troubles;
  claim(!isFinal(before.phase), "nothing follows a job's end");
  claim(
    isFinal(after.phase) === (fact.type === "ended" && fact.task === undefined),
    "only 'ended' ends a job",
  );
  claim(
    before.schedulerId === undefined || before.schedulerId === after.schedulerId,
    "the scheduler's id never changes",
  );
  claim(after.cancelRequested || !before.cancelRequested, "a cancellation is never taken back");
  claim(after.attempt >= before.attempt, "attempts are never taken back");
  claim(after.updatedAt >= before.updatedAt, "time does not go back");
  claim(
    before.tasks?.map(({ task }) => task).join() === tasks?.map(({ task }) => task).join(),
    "an array's tasks stay the same",
  );
  return troubles;
}
