/**
 * The sessions that a poller looks at with each round, beside the jobs.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { SessionId } from "../../model/mod.ts";
import type {
  Observation,
  Scheduler,
  SessionSighting,
  WatchedSession,
} from "../../schedulers/mod.ts";
import type { JobMessage } from "../job/mod.ts";
import type { ActorRef } from "../kernel/mod.ts";

const log = getLogger(["sluice", "cluster"]);

/** What one round saw. */
export interface Seen {
  /** Of jobs. */
  readonly observations: readonly Observation[];
  /** Of sessions. */
  readonly sightings: readonly SessionSighting[];
}

/** Sessions to be looked at, each until it is taken off the list. */
export class Inspections {
  readonly #watched = new Map<
    SessionId,
    { readonly session: WatchedSession; readonly job: ActorRef<JobMessage> }
  >();

  /** Looks at a session from the next round on; the job that holds its nodes is told what is seen. */
  watch(session: WatchedSession, job: ActorRef<JobMessage>): void {
    this.#watched.set(session.sessionId, { session, job });
  }

  /** Looks at it no more. */
  forget(sessionId: SessionId): void {
    this.#watched.delete(sessionId);
  }

  /**
   * Looks at all sessions once the jobs have been looked at: who sees that the job of one has ended also sees
   * why it closed. What is known of the jobs counts also where nothing can be told of the sessions.
   */
  async after(
    observed: Promise<readonly Observation[]>,
    scheduler: Scheduler,
    signal: AbortSignal,
  ): Promise<Seen> {
    const observations = await observed;
    const sessions = [...this.#watched.values()].map(({ session }) => session);
    if (sessions.length === 0) return { observations, sightings: [] };
    try {
      return { observations, sightings: await scheduler.inspect(sessions, signal) };
    } catch (error) {
      log.warn("the sessions could not be inspected: {error}", { error });
      return { observations, sightings: [] };
    }
  }

  /** Tells the job of each session what was seen of it. */
  tell(sightings: readonly SessionSighting[]): void {
    for (const sighting of sightings) {
      this.#watched.get(sighting.sessionId)?.job.tell({ type: "inspected", sighting });
    }
  }
}
