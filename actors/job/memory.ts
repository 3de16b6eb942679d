/**
 * What a job remembers between two inputs.
 *
 * @module
 */

import type { RunRecord } from "../../schedulers/mod.ts";

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
  /** How often it was tried to send what the job needs. */
  readonly stagingTries: number;
  /** What the job's script said before the scheduler's answer to the submission had come. */
  readonly early: readonly RunRecord[];
}

/** The memory of a job that has just been taken up. */
export const emptyMemory: JobMemory = {
  missingSince: new Map(),
  endedSince: new Map(),
  givingUpSince: new Map(),
  doubtedAt: new Map(),
  begun: new Set(),
  pushedAt: 0,
  stagingTries: 1,
  early: [],
};

/** Stands for the job itself among the numbers of its tasks. */
export const JOB_ITSELF = -1;

/** A map of a memory, copied before its first change. */
class DraftMap<Value> {
  readonly #before: ReadonlyMap<number, Value>;
  #own: Map<number, Value> | undefined;

  constructor(before: ReadonlyMap<number, Value>) {
    this.#before = before;
  }

  get now(): ReadonlyMap<number, Value> {
    return this.#own ?? this.#before;
  }

  set(key: number, value: Value): void {
    this.#own ??= new Map(this.#before);
    this.#own.set(key, value);
  }

  delete(key: number): void {
    if (!this.now.has(key)) return;
    this.#own ??= new Map(this.#before);
    this.#own.delete(key);
  }
}

/**
 * A memory that changes: what one input says of thousands of tasks copies it once. Each is named by its
 * number, the job itself by -1.
 */
export class MemoryDraft {
  readonly #before: JobMemory;
  readonly #missingSince: DraftMap<number>;
  readonly #endedSince: DraftMap<{ readonly run: string; readonly since: number }>;
  readonly #givingUpSince: DraftMap<number>;
  readonly #doubtedAt: DraftMap<number>;
  #begun: Set<number> | undefined;

  /** @param before The memory until now, which stays as it is. */
  constructor(before: JobMemory) {
    this.#before = before;
    this.#missingSince = new DraftMap(before.missingSince);
    this.#endedSince = new DraftMap(before.endedSince);
    this.#givingUpSince = new DraftMap(before.givingUpSince);
    this.#doubtedAt = new DraftMap(before.doubtedAt);
  }

  /** The memory as it is now; not to be read any more after the next change. */
  get memory(): JobMemory {
    return {
      ...this.#before,
      missingSince: this.#missingSince.now,
      endedSince: this.#endedSince.now,
      givingUpSince: this.#givingUpSince.now,
      doubtedAt: this.#doubtedAt.now,
      begun: this.#begun ?? this.#before.begun,
    };
  }

  /** A task has been heard of. */
  forgetTrouble(key: number): void {
    this.#missingSince.delete(key);
    this.#endedSince.delete(key);
    this.#givingUpSince.delete(key);
    this.#doubtedAt.delete(key);
    if (!(this.#begun ?? this.#before.begun).has(key)) return;
    this.#begun ??= new Set(this.#before.begun);
    this.#begun.delete(key);
  }

  /**
   * A task was missed by a poll that was heard `at`; gives since when it has been missing.
   *
   * @param lost Whether it is sure that the scheduler has lost it.
   */
  missed(key: number, at: number, lost: boolean): number {
    const since = this.#missingSince.now.get(key) ?? at;
    this.#missingSince.set(key, since);
    this.#endedSince.delete(key);
    if (!lost) this.#doubtedAt.set(key, at);
    return since;
  }

  /** A run of a task seems to have ended. */
  ended(key: number, run: string, since: number): void {
    this.#endedSince.set(key, { run, since });
  }

  /** It was asked `at` that a task be given up. */
  givingUp(key: number, at: number): void {
    this.#givingUpSince.set(key, at);
  }

  /** A task that is missing had begun when it was to be given up. */
  hadBegun(key: number): void {
    this.#begun ??= new Set(this.#before.begun);
    this.#begun.add(key);
  }
}

/** The memory once it was asked at `at` that parts be given up. */
export function givingUp(memory: JobMemory, keys: readonly number[], at: number): JobMemory {
  const draft = new MemoryDraft(memory);
  for (const key of keys) draft.givingUp(key, at);
  return draft.memory;
}
