/**
 * A job as its actor has it. Pure.
 *
 * @module
 */

import { attemptId, isFinal } from "../../model/mod.ts";
import type { AttemptId, JobSpec, JobView } from "../../model/mod.ts";
import type { RunRecord, SessionPlace } from "../../schedulers/mod.ts";
import type { Cancellable } from "../kernel/mod.ts";
import { nextForceAt } from "./cancel.ts";
import type { Errand } from "./job_effects.ts";
import type { JobMemory } from "./memory.ts";
import type { MessageState, Speakers } from "./messages.ts";
import { awaitsItsVerdict } from "./tasks.ts";
import type { TaskTally } from "./tasks.ts";

/**
 * What a job keeps of what was asked for. Scripts may be megabytes, and thousands of jobs live: they stay in the
 * journal until an attempt is handed over.
 */
export type Terms = Pick<JobSpec, "retry" | "options"> & {
  /** Whether something must be sent to the cluster, or read there, before the first attempt. */
  readonly needsStaging: boolean;
  /** Which parts of it send messages. */
  readonly speakers: Speakers;
};

/** A job as its actor has it. */
export interface JobState {
  /** What clients see of it. */
  readonly view: JobView;
  /** What was asked for. */
  readonly terms: Terms;
  /** What it remembers that is no fact yet. */
  readonly memory: JobMemory;
  /** How what its payload has to say is followed. */
  readonly messages: MessageState;
  /** How its tasks stand, counted. */
  readonly tally: TaskTally;
  /** Lines of the spool that are not journaled yet; grows in place, since they may be thousands. */
  readonly lines: RunRecord[];
  /** The last time that it was handed to the stager or the submitter. */
  readonly errand: Errand | undefined;
  /** Whether it is not handed over before the cluster is that it runs on. */
  readonly awaitsCluster: boolean;
  /** When the scheduler was last asked to do what it is to do so that the job ends. */
  readonly cancelsSent: ReadonlyMap<string, number>;
  /** The wait before the scheduler is asked again for a verdict, in ms. */
  readonly verdictMs: number;
  /** What rings when the next attempt or the end of a grace period is due. */
  readonly alarm: Cancellable | undefined;
  /** When it rings. */
  readonly dueAt: number | undefined;
}

/** The id of the present attempt at the job. */
export function presentAttempt({ id, attempt }: JobView): AttemptId {
  return attemptId(id, attempt);
}

/** Where in a session the job runs. */
export function placeOf({ session, standing }: JobView): SessionPlace {
  return {
    ...session === undefined ? {} : { session },
    ...standing === undefined ? {} : { standing },
  };
}

/** Whether a payload has ended on which the scheduler has not given its verdict. */
export function awaitsVerdict({ view, tally }: JobState): boolean {
  return view.tasks === undefined ? awaitsItsVerdict(view) : tally.exited > 0;
}

/** Whether the job has not ended and waits until the cluster that it runs on has been handed over. */
export function isHeldBack({ view, awaitsCluster }: JobState): boolean {
  return awaitsCluster && !isFinal(view.phase);
}

/** Whether somebody wants the job, or a task of it, ended. */
export function isWished({ view, tally }: Pick<JobState, "view" | "tally">): boolean {
  return view.cancelRequested || tally.wished > 0;
}

/** When something is to be done of which nobody else tells the job. */
export function nextDueAt(state: JobState, now: number): number | undefined {
  const { view } = state;
  if (isFinal(view.phase)) return undefined;
  return view.retryAt ?? (isWished(state) ? nextForceAt(view, now) : undefined);
}
