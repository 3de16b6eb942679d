/**
 * Slurm's job states and the phases they stand for.
 *
 * Source: squeue(1), "JOB STATE CODES", and slurm.schedmd.com/job_state_codes.html for the flags of
 * later releases.
 *
 * @module
 */

import type { FinalPhase } from "../model/mod.ts";

/**
 * What a state says of the job: it waits for its start, it holds resources, or it has ended in the
 * given phase.
 */
export type StateMeaning =
  | { readonly kind: "waiting" }
  | { readonly kind: "active" }
  | { readonly kind: "ended"; readonly phase: FinalPhase };

interface StateEntry {
  readonly compact: string;
  readonly meaning: StateMeaning;
}

const waiting: StateMeaning = { kind: "waiting" };
const active: StateMeaning = { kind: "active" };
const ended = (phase: FinalPhase): StateMeaning => ({ kind: "ended", phase });

const states = {
  BOOT_FAIL: { compact: "BF", meaning: ended("failed") },
  CANCELLED: { compact: "CA", meaning: ended("cancelled") },
  COMPLETED: { compact: "CD", meaning: ended("succeeded") },
  // The nodes are allocated but still boot or are being prepared: nothing of the job runs yet.
  CONFIGURING: { compact: "CF", meaning: waiting },
  // Some processes may still be at work, and the exit code is not final.
  COMPLETING: { compact: "CG", meaning: active },
  DEADLINE: { compact: "DL", meaning: ended("timed_out") },
  EXPEDITING: { compact: "EX", meaning: waiting },
  FAILED: { compact: "F", meaning: ended("failed") },
  // A flag of jobs that wait to be put back after they could not be launched.
  LAUNCH_FAILED: { compact: "LF", meaning: waiting },
  NODE_FAIL: { compact: "NF", meaning: ended("failed") },
  OUT_OF_MEMORY: { compact: "OOM", meaning: ended("failed") },
  PENDING: { compact: "PD", meaning: waiting },
  POWER_UP_NODE: { compact: "PO", meaning: waiting },
  PREEMPTED: { compact: "PR", meaning: ended("failed") },
  // "Node configuration for job failed, not job state, just job requeue flag" (slurm.h).
  RECONFIG_FAIL: { compact: "RE", meaning: waiting },
  RESV_DEL_HOLD: { compact: "RD", meaning: waiting },
  REQUEUE_FED: { compact: "RF", meaning: waiting },
  REQUEUE_HOLD: { compact: "RH", meaning: waiting },
  REQUEUED: { compact: "RQ", meaning: waiting },
  RESIZING: { compact: "RS", meaning: active },
  // Another cluster of the federation started the job, so this one dropped its copy.
  REVOKED: { compact: "RV", meaning: ended("cancelled") },
  RUNNING: { compact: "R", meaning: active },
  SIGNALING: { compact: "SI", meaning: active },
  // Put back and held by a site's script; it runs again once released.
  SPECIAL_EXIT: { compact: "SE", meaning: waiting },
  STAGE_OUT: { compact: "SO", meaning: active },
  STOPPED: { compact: "ST", meaning: active },
  SUSPENDED: { compact: "S", meaning: active },
  TIMEOUT: { compact: "TO", meaning: ended("timed_out") },
  UPDATE_DB: { compact: "UD", meaning: active },
} as const satisfies Record<string, StateEntry>;

/** One of Slurm's words for the state of a job. */
export type SlurmState = keyof typeof states;

function isState(word: string): word is SlurmState {
  return Object.hasOwn(states, word);
}

/** Every state, in alphabetical order. */
export const slurmStates: readonly SlurmState[] = Object.keys(states).filter(isState).sort();

const byCompact: ReadonlyMap<string, SlurmState> = new Map(
  slurmStates.map((state) => [states[state].compact, state]),
);

/** What a state says of the job. */
export function stateMeaning(state: SlurmState): StateMeaning {
  return states[state].meaning;
}

/**
 * The state that Slurm's commands print: in its long or short form, in any case, with what sacct adds to
 * it (`CANCELLED by 1000`).
 *
 * sacct cuts a state that does not fit its column and marks the cut with `+` (`CANCELLED+`,
 * `OUT_OF_ME+`); it is recognised as long as only one state begins so.
 *
 * @returns `undefined` for a word that is not one of Slurm's states: it is never guessed.
 */
export function parseState(text: string): SlurmState | undefined {
  const word = text.trim().toUpperCase().replace(/^CANCELLED BY .*$/s, "CANCELLED");
  if (isState(word)) return word;
  const compact = byCompact.get(word);
  if (compact !== undefined) return compact;
  if (!word.endsWith("+")) return undefined;
  const start = word.slice(0, -1).trimEnd();
  if (start.length < 4) return undefined;
  if (isState(start)) return start;
  if (start.startsWith("CANCELLED")) {
    return "CANCELLED BY ".startsWith(start) ? "CANCELLED" : undefined;
  }
  const candidates = slurmStates.filter((state) => state.startsWith(start));
  return candidates.length === 1 ? candidates[0] : undefined;
}
