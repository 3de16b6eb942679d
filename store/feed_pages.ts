/**
 * The next events of a feed: from memory where it goes back that far, else from the disk.
 *
 * @module
 */

import type { ClusterEvent, ClusterName, EventFilter, JobEvent } from "../model/mod.ts";
import { isFinalFact } from "./entry.ts";
import type { FeedPage } from "./feed.ts";
import type { ClusterState } from "./plan.ts";
import type { Events, Reader } from "./reader.ts";
import type { Committed, Ring } from "./ring.ts";

/** Reads pages of feeds. */
export class FeedPages {
  readonly #reader: Reader;
  readonly #ring: Ring;
  readonly #clusters: ReadonlyMap<ClusterName, ClusterState>;

  /** Reads what the journal has at the moment of each call. */
  constructor(reader: Reader, ring: Ring, clusters: ReadonlyMap<ClusterName, ClusterState>) {
    this.#reader = reader;
    this.#ring = ring;
    this.#clusters = clusters;
  }

  /** Events of jobs after the cursor; a feed of one job ends with the job. */
  ofJobs(filter: EventFilter, cursor: number, limit: number): FeedPage<JobEvent> {
    const reader = this.#reader;
    const { jobId, cluster } = filter;
    const job = jobId === undefined ? undefined : reader.jobState(jobId);
    if (job !== undefined) {
      const elsewhere = cluster !== undefined && cluster !== job.cluster;
      if (elsewhere || (job.ended !== undefined && job.ended.id <= cursor)) {
        return { events: [], cursor, ended: true, past: false };
      }
    }
    const page = this.#page(
      cursor,
      limit,
      (item) =>
        item.kind === "job" && (jobId === undefined || item.event.jobId === jobId) &&
          (cluster === undefined || item.event.cluster === cluster)
          ? item.event
          : undefined,
      () => {
        if (jobId !== undefined) {
          return job === undefined ? none : reader.jobEvents({ job: job.key }, cursor, limit);
        }
        if (cluster === undefined) return reader.jobEvents("all", cursor, limit);
        const state = this.#clusters.get(cluster);
        return state === undefined ? none : reader.jobEvents({ cluster: state.key }, cursor, limit);
      },
    );
    const last = page.events.at(-1);
    const ended = jobId !== undefined && last !== undefined && isFinalFact(last.fact);
    return { ...page, ended };
  }

  /** Events of one cluster, or of all, after the cursor. */
  ofClusters(
    cluster: ClusterName | undefined,
    cursor: number,
    limit: number,
  ): FeedPage<ClusterEvent> {
    const reader = this.#reader;
    const page = this.#page(
      cursor,
      limit,
      (item) =>
        item.kind === "cluster" && (cluster === undefined || item.event.cluster === cluster)
          ? item.event
          : undefined,
      () => {
        if (cluster === undefined) return reader.clusterEvents("all", cursor, limit);
        const state = this.#clusters.get(cluster);
        return state === undefined
          ? none
          : reader.clusterEvents({ cluster: state.key }, cursor, limit);
      },
    );
    return { ...page, ended: false };
  }

  /** The next events: from memory where it goes back that far, else from the disk. */
  #page<Event extends JobEvent | ClusterEvent>(
    cursor: number,
    limit: number,
    match: (item: Committed) => Event | undefined,
    stored: () => Events<Event>,
  ): Omit<FeedPage<Event>, "ended"> {
    const newest = Math.max(cursor, this.#ring.lastId);
    if (!this.#ring.covers(cursor)) {
      const { events, complete } = stored();
      return { events, cursor: complete ? newest : events.at(-1)?.id ?? newest, past: true };
    }
    const events: Event[] = [];
    for (const item of this.#ring.after(cursor)) {
      const event = match(item);
      if (event === undefined) continue;
      events.push(event);
      if (events.length === limit) return { events, cursor: event.id, past: false };
    }
    return { events, cursor: newest, past: false };
  }
}

const none = { events: [], complete: true } as const;
