/**
 * The parts of attempts that wait to be given up, and who is told what became of them.
 *
 * @module
 */

import type { AttemptId } from "../../model/mod.ts";
import type { GivenUp, Observation, Watched } from "../../schedulers/mod.ts";
import type { JobMessage } from "../job/mod.ts";
import type { ActorRef } from "../kernel/mod.ts";
import { isPlain } from "./watch_list.ts";

interface Waiting {
  readonly watched: Watched;
  readonly job: ActorRef<JobMessage>;
}

/** What is left of a request once some of it was asked for; `undefined` for nothing. */
function rest(watched: Watched, asked: Watched): Watched | undefined {
  const tasks = watched.tasks?.filter((task) => asked.tasks?.includes(task) !== true) ?? [];
  return tasks.length === 0 ? undefined : { ...watched, tasks };
}

/** Requests to give up parts of attempts, each kept until it is answered or taken back. */
export class GiveUps {
  readonly #waiting = new Map<AttemptId, Waiting>();

  /** All that waits, an attempt once. */
  get all(): readonly Watched[] {
    return [...this.#waiting.values()].map(({ watched }) => watched);
  }

  /** Adds a request, to what waits already of the attempt. */
  add(watched: Watched, job: ActorRef<JobMessage>): void {
    const before = this.#waiting.get(watched.attemptId)?.watched.tasks ?? [];
    const { tasks } = watched;
    const both = tasks === undefined ? watched : {
      ...watched,
      tasks: [...new Set([...before, ...tasks])],
    };
    this.#waiting.set(watched.attemptId, { watched: both, job });
  }

  /** Takes back what waits of an attempt. */
  drop(attemptId: AttemptId): void {
    this.#waiting.delete(attemptId);
  }

  /** Takes back what waits of attempts that have come back: everything seen of them waits or runs. */
  see(observations: readonly Observation[]): void {
    if (this.#waiting.size === 0) return;
    const back = new Map<AttemptId, boolean>();
    for (const { attemptId, sighting } of observations) {
      if (this.#waiting.has(attemptId)) {
        back.set(attemptId, isPlain(sighting) && back.get(attemptId) !== false);
      }
    }
    for (const [attemptId, plain] of back) if (plain) this.drop(attemptId);
  }

  /**
   * Tells each job its part of an answer to what was asked. A part that the answer leaves out waits no
   * longer: whoever still wants it given up asks again.
   */
  answer(asked: readonly Watched[], given: readonly GivenUp[]): void {
    const groups = Map.groupBy(given, ({ attemptId }) => attemptId);
    for (const one of asked) {
      const { attemptId } = one;
      const waiting = this.#waiting.get(attemptId);
      if (waiting === undefined) continue;
      const left = rest(waiting.watched, one);
      if (left === undefined) this.#waiting.delete(attemptId);
      else this.#waiting.set(attemptId, { ...waiting, watched: left });
      const group = groups.get(attemptId);
      if (group !== undefined) waiting.job.tell({ type: "given_up", given: group });
    }
  }
}
