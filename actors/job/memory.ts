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
  /** When it was last asked that a task (or -1, the job itself) be given up, unless it was heard of since. */
  readonly givingUpSince: ReadonlyMap<number, number>;
  /** When a task (or -1, the job itself) was last missing without it being sure that it was lost. */
  readonly doubtedAt: ReadonlyMap<number, number>;
  /** Tasks (or -1, the job itself) that are missing, and had begun when they were to be given up. */
  readonly begun: ReadonlySet<number>;
  /** When the last word came from the job's own script. */
  readonly pushedAt: number;
  /** What the job's script said before the scheduler's answer to the submission had come. */
  readonly early: readonly SpoolRecord[];
}

/** The memory of a job that has just been taken up. */
export const emptyMemory: JobMemory = {
  missingSince: new Map(),
  endedSince: new Map(),
  givingUpSince: new Map(),
  doubtedAt: new Map(),
  begun: new Set(),
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
    givingUpSince: without(memory.givingUpSince, key),
    doubtedAt: without(memory.doubtedAt, key),
    begun: memory.begun.has(key)
      ? new Set([...memory.begun].filter((one) => one !== key))
      : memory.begun,
  };
}

/**
 * The memory once a task (or -1, the job itself) has been missed by a poll that was heard `at`.
 *
 * @param lost Whether it is sure that the scheduler has lost it.
 */
export function missed(memory: JobMemory, key: number, at: number, lost: boolean): JobMemory {
  const since = memory.missingSince.get(key) ?? at;
  return {
    ...memory,
    doubtedAt: lost ? memory.doubtedAt : new Map(memory.doubtedAt).set(key, at),
    missingSince: new Map(memory.missingSince).set(key, since),
    endedSince: without(memory.endedSince, key),
  };
}

/** The memory once it was asked at `at` that parts be given up. */
export function givingUp(memory: JobMemory, keys: readonly number[], at: number): JobMemory {
  const since = new Map(memory.givingUpSince);
  for (const key of keys) since.set(key, at);
  return { ...memory, givingUpSince: since };
}
