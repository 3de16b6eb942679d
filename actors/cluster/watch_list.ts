/**
 * The attempts that a poller looks at, with what each job was told of the last look.
 *
 * @module
 */

import type { AttemptId } from "../../model/mod.ts";
import type { Observation, Sighting, Watched } from "../../schedulers/mod.ts";
import type { JobMessage } from "../job/mod.ts";
import type { ActorRef } from "../kernel/mod.ts";

interface Entry {
  readonly watched: Watched;
  readonly job: ActorRef<JobMessage>;
  /** What was last seen of each task; of a job that is no array, under -1. */
  readonly seen: Map<number, Observation>;
  /** Whether the job is to be told all that is seen next, also what it was told before. */
  tellsAll: boolean;
  /** Whether another entry, or none, stands in its place. */
  replaced: boolean;
}

/** What was seen, and of whom. */
interface Row {
  readonly observation: Observation;
  readonly entry: Entry;
}

/** Whether it says that the job waits or runs, and so nothing that has to last to be believed. */
export function isPlain({ kind }: Sighting): boolean {
  return kind === "waiting" || kind === "active";
}

/** Whether something has happened, rather than a reason or a node's name being another. */
function isMove(before: Sighting | undefined, after: Sighting): boolean {
  if (before?.kind !== after.kind) return true;
  return before.kind !== "missing" && after.kind !== "missing" && before.state !== after.state;
}

/** Whether a job that was told the one learns nothing from the other. */
function saysTheSame(before: Sighting, after: Sighting): boolean {
  if (before === after) return true;
  if (before.kind === "missing" || after.kind === "missing" || before.kind === "ended") {
    return false;
  }
  if (before.kind !== after.kind || before.state !== after.state) return false;
  if (before.reason?.code !== after.reason?.code || before.restarts !== after.restarts) {
    return false;
  }
  if (before.kind !== "active" || after.kind !== "active") return true;
  return before.startedAt === after.startedAt && before.nodes.join() === after.nodes.join();
}

/** What a look has brought. */
export interface News {
  /** Whether anything has happened since the look before. */
  readonly moved: boolean;
  /** What each job is to be told. */
  readonly groups: ReadonlyMap<AttemptId, readonly Observation[]>;
}

/** Attempts to be looked at, each until it is taken off the list. */
export class WatchList {
  readonly #entries = new Map<AttemptId, Entry>();
  #all: readonly Watched[] | undefined;
  /** The last look in its order, which most often is that of the next: then nobody is searched for. */
  #rows: readonly (Row | undefined)[] = [];

  /** How many there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** All of them: the same array for as long as they are the same. */
  get all(): readonly Watched[] {
    this.#all ??= [...this.#entries.values()].map(({ watched }) => watched);
    return this.#all;
  }

  /**
   * Puts an attempt on the list, in the place of what was said of it before. Its job is told of the next
   * look at it, whatever that brings.
   */
  watch(watched: Watched, job: ActorRef<JobMessage>): void {
    const before = this.#entries.get(watched.attemptId);
    if (before?.watched !== watched) this.#all = undefined;
    if (before !== undefined) before.replaced = true;
    const seen = before?.seen ?? new Map<number, Observation>();
    const entry = { watched, job, seen, tellsAll: true, replaced: false };
    this.#entries.set(watched.attemptId, entry);
  }

  /** Takes an attempt off the list. */
  forget(attemptId: AttemptId): void {
    const entry = this.#entries.get(attemptId);
    if (entry === undefined) return;
    entry.replaced = true;
    this.#entries.delete(attemptId);
    this.#all = undefined;
    if (this.size === 0) this.#rows = [];
  }

  /**
   * Takes what was seen, and says what of it each job is to be told: what it has not been told before, and
   * what has to be said again and again to be believed, such as that it is missing.
   */
  see(observations: readonly Observation[]): News {
    let moved = false;
    const groups = new Map<AttemptId, Observation[]>();
    this.#rows = observations.map((observation, index) => {
      const row = this.#rows[index];
      const same = row?.observation === observation && !row.entry.replaced;
      const { attemptId, task = -1, sighting } = observation;
      if (same && !row.entry.tellsAll && isPlain(sighting)) return row;
      const entry = this.#entries.get(attemptId);
      // It ended while the question was under way.
      if (entry === undefined) return undefined;
      const before = entry.seen.get(task);
      entry.seen.set(task, observation);
      moved ||= isMove(before?.sighting, sighting);
      const known = before !== undefined && saysTheSame(before.sighting, sighting);
      if (entry.tellsAll || !known || !isPlain(sighting)) {
        const group = groups.get(attemptId);
        if (group === undefined) groups.set(attemptId, [observation]);
        else group.push(observation);
      }
      return same ? row : { observation, entry };
    });
    return { moved, groups };
  }

  /**
   * Tells each job its part of the news of a poll that began at `askedAt`.
   *
   * @returns The attempts whose actors have stopped: they are on the list no more.
   */
  tell({ groups }: News, askedAt: number): AttemptId[] {
    const stopped: AttemptId[] = [];
    for (const [attemptId, observations] of groups) {
      const entry = this.#entries.get(attemptId);
      if (entry === undefined) continue;
      const told = entry.job.tell({ type: "sighted", askedAt, observations });
      // What it has not heard it is told the next time.
      entry.tellsAll = told === "full";
      // Those who supervise the jobs were started anew, and whoever lives has another actor.
      if (told === "stopped") stopped.push(attemptId);
    }
    for (const attemptId of stopped) this.forget(attemptId);
    return stopped;
  }
}
