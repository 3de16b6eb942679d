/**
 * What a job remembers between two inputs.
 *
 * @module
 */

import type { SpoolRecord } from "../../schedulers/mod.ts";

/** What a job remembers between two inputs and need not survive a restart. */
export interface JobMemory {
  /** When each task (or -1, the job itself) was first missed, by the clock of this side. */
  readonly missingSince: ReadonlyMap<number, number>;
  /** Since when each task (or -1, the job itself) seems to have ended, and which run of it. */
  readonly endedSince: ReadonlyMap<number, { readonly run: string; readonly since: number }>;
  /** When the last word came from the job's own script. */
  readonly pushedAt: number;
  /** What the job's script said before the scheduler's answer to the submission had come. */
  readonly early: readonly SpoolRecord[];
}

/** The memory of a job that has just been taken up. */
export const emptyMemory: JobMemory = {
  missingSince: new Map(),
  endedSince: new Map(),
  pushedAt: 0,
  early: [],
};

/** Stands for the job itself among the numbers of its tasks. */
export const JOB_ITSELF = -1;

function without<Value>(map: ReadonlyMap<number, Value>, key: number): ReadonlyMap<number, Value> {
  return map.has(key) ? new Map([...map].filter(([one]) => one !== key)) : map;
}

/** The memory once a task (or -1, the job itself) has been heard of. */
export function forgetTrouble(memory: JobMemory, key: number): JobMemory {
  return {
    ...memory,
    missingSince: without(memory.missingSince, key),
    endedSince: without(memory.endedSince, key),
  };
}
