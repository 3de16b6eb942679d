/**
 * The jobs that were read last, in memory.
 *
 * @module
 */

import type { JobId } from "../model/mod.ts";
import type { SizedJob, StoredJob } from "./reader.ts";

/** How much a cache keeps. */
export interface JobCacheLimits {
  /** Most jobs. Default: 1,024. */
  readonly maxJobs?: number;
  /** Most characters of JSON. Default: 8 Mi. */
  readonly maxCharacters?: number;
}

/**
 * The jobs that were read last, so that those whom many ask for are not read from the disk and checked
 * each time. Bounded by number and by characters, since one job may have a script of megabytes or
 * thousands of tasks; who was not asked for the longest goes first.
 */
export class JobCache {
  readonly #maxJobs: number;
  readonly #maxCharacters: number;
  /** Who was asked for the longest ago comes first. */
  readonly #kept = new Map<JobId, SizedJob>();
  #characters = 0;

  /** @param limits How much it keeps. */
  constructor({ maxJobs = 1_024, maxCharacters = 8 * 1024 * 1024 }: JobCacheLimits = {}) {
    this.#maxJobs = maxJobs;
    this.#maxCharacters = maxCharacters;
  }

  /** The job, where it is kept. It is frozen, since everybody who asks is given the same. */
  get(id: JobId): StoredJob | undefined {
    const found = this.#kept.get(id);
    if (found === undefined) return undefined;
    this.#kept.delete(id);
    this.#kept.set(id, found);
    return found.job;
  }

  /** Freezes a job that was read, and keeps it in place of what is kept of it. */
  keep(id: JobId, read: SizedJob): StoredJob {
    this.forget(id);
    freeze(read.job);
    this.#kept.set(id, read);
    this.#characters += read.characters;
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#maxJobs && this.#characters <= this.#maxCharacters) break;
      this.forget(oldest);
    }
    return read.job;
  }

  /** Forgets a job, which is no longer as it was read. */
  forget(id: JobId): void {
    const found = this.#kept.get(id);
    if (found === undefined) return;
    this.#kept.delete(id);
    this.#characters -= found.characters;
  }
}

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
}
