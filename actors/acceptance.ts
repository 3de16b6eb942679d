/**
 * How jobs are taken on: into the journal first, and by each idempotency key once.
 *
 * @module
 */

import { isDeepStrictEqual } from "node:util";
import { checkFilePlaces } from "../launchers/mod.ts";
import { newJobId, SluiceError } from "../model/mod.ts";
import type { ClusterName, JobFact, JobId, JobSpec, JobView, SessionId } from "../model/mod.ts";
import type { JobEntry, Journal, StoredJob } from "../store/mod.ts";
import { clusterOf } from "./cluster_handles.ts";
import type { ClusterHandles } from "./cluster_handles.ts";
import { foldJob, jobEntries } from "./job/mod.ts";
import type { Clock } from "./kernel/mod.ts";
import { Places, standingKey } from "./places.ts";
import type { Newcomers, Place } from "./places.ts";
import { expectedPlace } from "./session/mod.ts";
import type { ClusterOffer } from "./session/mod.ts";

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

/** What one call is about to write. */
class Draft implements Newcomers {
  readonly entries: JobEntry[] = [];
  /** What was submitted with an idempotency key. */
  readonly keyed = new Map<string, StoredJob>();
  readonly opened = new Map<string, SessionId>();
  readonly standing = new Map<SessionId, ClusterOffer[]>();

  /** @param accept Takes a job on with this call. */
  constructor(readonly accept: (spec: JobSpec, place: Place) => JobView) {}
}

/** Names an idempotency key among those that are under way. */
function keyedKey(key: string): string {
  return `key ${key}`;
}

/** Takes jobs on. */
export class Acceptance {
  readonly #handles: ClusterHandles;
  readonly #journal: Journal;
  readonly #clock: Clock;
  /** What others would find in the journal and is on its way there, each with the end of that. */
  readonly #underWay = new Map<string, Promise<unknown>>();
  readonly #places: Places;

  /** Takes jobs on for the given clusters, with the times of the clock. */
  constructor(handles: ClusterHandles, journal: Journal, clock: Clock) {
    this.#handles = handles;
    this.#journal = journal;
    this.#clock = clock;
    this.#places = new Places(handles, journal);
  }

  /**
   * Takes on all of the specs or none. Resolves, when they are on the disk, with the jobs in the order of
   * the specs; where one has an idempotency key that was used before, with the job of that time.
   *
   * A step of a session that the configuration describes opens the session where none of its name takes
   * steps, and one that may share a Ray or Spark cluster has that stand where none fits: both are jobs too,
   * and are taken on with it.
   *
   * @throws {UnknownClusterError} A spec names a cluster that there is not.
   * @throws {UnknownSessionError} A spec names a session that there is not.
   * @throws {SessionClosingError} A spec names a session that takes no more steps.
   * @throws {SessionElsewhereError} A spec names a session of another cluster.
   * @throws {IdempotencyConflictError} A key was used before, for another spec.
   * @throws {SluiceError} A spec cannot be run on its cluster, or the journal does not take it.
   */
  async accept(specs: readonly JobSpec[]): Promise<readonly JobView[]> {
    for (const spec of specs) {
      const { planner, config } = clusterOf(this.#handles, spec.cluster);
      checkFilePlaces(spec);
      planner.preview(newJobId(), spec, expectedPlace(spec, config));
    }
    const wanted = new Set(specs.flatMap((spec) => [
      ...spec.idempotencyKey === undefined ? [] : [keyedKey(spec.idempotencyKey)],
      ...this.#places.mayShare(spec),
    ]));
    for (;;) {
      const pending = [...wanted].flatMap((key) => this.#underWay.get(key) ?? []);
      if (pending.length === 0) break;
      // Whether they get there matters to their own callers; here only what the journal has then.
      await Promise.allSettled(pending);
    }
    // From here to where the keys are marked nothing is awaited, so that no other call comes between.
    const draft: Draft = new Draft((spec, place) => this.#accepted(spec, place, draft));
    const views = specs.map((spec) => this.#take(spec, draft));
    const { entries } = draft;
    if (entries.length === 0) return views;
    const written = this.#journal.append(entries);
    const keys = [
      ...draft.keyed.keys().map(keyedKey),
      ...draft.opened.keys(),
      ...draft.standing.size === 0 ? [] : entries.map(({ cluster }) => standingKey(cluster)),
    ];
    for (const key of keys) this.#underWay.set(key, written);
    try {
      await written;
    } finally {
      for (const key of keys) {
        if (this.#underWay.get(key) === written) this.#underWay.delete(key);
      }
    }
    for (const [cluster, group] of Map.groupBy(entries, (entry) => entry.cluster)) {
      this.#adopt(cluster, group.map(({ jobId }) => jobId));
    }
    return views;
  }

  /** The job of a spec, new or of the time when its key was used. */
  #take(spec: JobSpec, draft: Draft): JobView {
    const { idempotencyKey: key } = spec;
    if (key === undefined) return draft.accept(spec, this.#places.place(spec, draft));
    const before = this.#journal.jobByIdempotencyKey(key);
    const known = before ?? draft.keyed.get(key);
    if (known !== undefined) {
      if (!sameSpec(known.spec, spec)) throw new IdempotencyConflictError(key, before?.view.id);
      return known.view;
    }
    const view = draft.accept(spec, this.#places.place(spec, draft));
    draft.keyed.set(key, { view, spec });
    return view;
  }

  /** A new job. */
  #accepted(spec: JobSpec, place: Place, draft: Draft): JobView {
    const at = this.#clock.now();
    const jobId = newJobId(at);
    const { cluster } = spec;
    const { planner } = clusterOf(this.#handles, cluster);
    const fact: JobFact = {
      type: "accepted",
      spec,
      directory: planner.paths(jobId).directory,
      tasks: planner.tasks(spec),
      ...place,
    };
    const view = foldJob(undefined, { jobId, cluster, at, fact });
    draft.entries.push(...jobEntries([fact], view, view.tasks ?? []));
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
