/**
 * How jobs are taken on: into the journal first, and by each idempotency key once.
 *
 * @module
 */

import { isDeepStrictEqual } from "node:util";
import { newJobId, SluiceError } from "../model/mod.ts";
import type { ClusterName, JobFact, JobId, JobSpec, JobView } from "../model/mod.ts";
import type { JobEntry, Journal } from "../store/mod.ts";
import { clusterOf } from "./cluster_handles.ts";
import type { ClusterHandles } from "./cluster_handles.ts";
import { foldJob, jobEntries } from "./job/mod.ts";
import type { Clock } from "./kernel/mod.ts";

/** Raised when a submission has the idempotency key of another one that asked for something else. */
export class IdempotencyConflictError extends SluiceError {
  override readonly name: string = "IdempotencyConflictError";

  /** Names the key and, where there is one yet, the job that has it. */
  constructor(key: string, jobId: JobId | undefined) {
    super({
      code: "IDEMPOTENCY_CONFLICT",
      message: `The idempotency key ${JSON.stringify(key)} was used for another spec${
        jobId === undefined ? " of the same call." : `, that of job ${jobId}.`
      }`,
      next: "Submit with a key of its own, or with the spec of that time to get that job.",
    });
  }
}

/** Whether two specs ask for the same; in what order their parts were written is of no matter. */
function sameSpec(one: JobSpec, other: JobSpec): boolean {
  // As they are stored: a part without a value is as good as absent.
  const stored = (spec: JobSpec): unknown => JSON.parse(JSON.stringify(spec));
  return isDeepStrictEqual(stored(one), stored(other));
}

/** Wait before a cluster whose mailbox is full is told once more, in ms. */
const TELL_AGAIN_MS = 100;

/** Takes jobs on. */
export class Acceptance {
  readonly #handles: ClusterHandles;
  readonly #journal: Journal;
  readonly #clock: Clock;
  /** Keys whose jobs are on their way into the journal, each with the end of that. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  /** Takes jobs on for the given clusters, with the times of the clock. */
  constructor(handles: ClusterHandles, journal: Journal, clock: Clock) {
    this.#handles = handles;
    this.#journal = journal;
    this.#clock = clock;
  }

  /**
   * Takes on all of the specs or none. Resolves, when they are on the disk, with the jobs in the order of
   * the specs; where one has an idempotency key that was used before, with the job of that time.
   *
   * @throws {UnknownClusterError} A spec names a cluster that there is not.
   * @throws {IdempotencyConflictError} A key was used before, for another spec.
   * @throws {SluiceError} A spec cannot be run on its cluster, or the journal does not take it.
   */
  async accept(specs: readonly JobSpec[]): Promise<readonly JobView[]> {
    for (const spec of specs) {
      clusterOf(this.#handles, spec.cluster).planner.preview(newJobId(), spec);
    }
    const keys = [...new Set(specs.flatMap(({ idempotencyKey }) => idempotencyKey ?? []))];
    for (;;) {
      const pending = keys.flatMap((key) => this.#underWay.get(key) ?? []);
      if (pending.length === 0) break;
      // Whether they get there matters to their own callers; here only what the journal has then.
      await Promise.allSettled(pending);
    }
    // From here to where the keys are marked nothing is awaited, so that no other call comes between.
    const { views, entries } = this.#plan(specs);
    if (entries.length === 0) return views;
    const written = this.#journal.append(entries);
    for (const key of keys) this.#underWay.set(key, written);
    try {
      await written;
    } finally {
      for (const key of keys) this.#underWay.delete(key);
    }
    for (const [cluster, group] of Map.groupBy(entries, (entry) => entry.cluster)) {
      this.#adopt(cluster, group.map(({ jobId }) => jobId));
    }
    return views;
  }

  /** The job of each spec, and the entries of those that are new. */
  #plan(
    specs: readonly JobSpec[],
  ): { readonly views: readonly JobView[]; readonly entries: readonly JobEntry[] } {
    const entries: JobEntry[] = [];
    const ofThisCall = new Map<string, { readonly view: JobView; readonly spec: JobSpec }>();
    const views = specs.map((spec) => {
      const { idempotencyKey: key } = spec;
      if (key === undefined) {
        return this.#accepted(spec, entries);
      }
      const before = this.#journal.jobByIdempotencyKey(key);
      const known = before ?? ofThisCall.get(key);
      if (known !== undefined) {
        if (!sameSpec(known.spec, spec)) throw new IdempotencyConflictError(key, before?.view.id);
        return known.view;
      }
      const view = this.#accepted(spec, entries);
      ofThisCall.set(key, { view, spec });
      return view;
    });
    return { views, entries };
  }

  /** A new job. @param entries Gets what the journal is given of it. */
  #accepted(spec: JobSpec, entries: JobEntry[]): JobView {
    const at = this.#clock.now();
    const jobId = newJobId(at);
    const { cluster } = spec;
    const { planner } = clusterOf(this.#handles, cluster);
    const fact: JobFact = {
      type: "accepted",
      spec,
      directory: planner.paths(jobId).directory,
      tasks: planner.tasks(spec),
    };
    const view = foldJob(undefined, { jobId, cluster, at, fact });
    entries.push(...jobEntries([fact], view, view.tasks ?? []));
    return view;
  }

  #adopt(cluster: ClusterName, jobIds: readonly JobId[]): void {
    const { ref } = clusterOf(this.#handles, cluster);
    // A cluster that has stopped finds them in the journal at its next start.
    if (ref.tell({ type: "adopt", jobIds }) === "full") {
      this.#clock.setTimeout(() => this.#adopt(cluster, jobIds), TELL_AGAIN_MS);
    }
  }
}
