/**
 * Requests to end jobs that wait to be sent.
 *
 * @module
 */

import type { AttemptId } from "../../model/mod.ts";
import type { Cancellation } from "../../schedulers/mod.ts";
import type { JobMessage } from "../job/mod.ts";
import type { ActorRef } from "../kernel/mod.ts";

/** A request that waits, and who is told when the scheduler took it. */
export interface WaitingCancellation {
  /** What is to be ended, and how. */
  readonly cancellation: Cancellation;
  /** Actor of the job. */
  readonly job: ActorRef<JobMessage>;
}

/** The end of the job makes whatever else was to happen to it needless; a signal and the rest do not. */
const ENDS = "end";

function placeOf(task: number | undefined, kind: string): string {
  return `${task ?? ""} ${kind}`;
}

/**
 * The requests that wait. The same for the same job counts once, a request to end it at once replaces the
 * weaker ones, and none of these is taken in while it waits.
 */
export class WaitingCancellations {
  readonly #byAttempt = new Map<AttemptId, Map<string, WaitingCancellation>>();

  /** Whether none waits. */
  get empty(): boolean {
    return this.#byAttempt.size === 0;
  }

  /** All that wait. */
  all(): WaitingCancellation[] {
    return [...this.#byAttempt.values()].flatMap((waiting) => [...waiting.values()]);
  }

  /** Takes one in. */
  add(waiting: WaitingCancellation): void {
    const { attemptId, task, means } = waiting.cancellation;
    const others = this.#byAttempt.get(attemptId) ?? new Map<string, WaitingCancellation>();
    if (means.kind === ENDS) {
      others.delete(placeOf(task, "signal"));
      others.delete(placeOf(task, "end_if_waiting"));
    } else if (others.has(placeOf(task, ENDS))) return;
    if (means.kind === "signal") {
      // It may be on its way: put in once more, it would be sent twice, and never count as taken.
      const before = others.get(placeOf(task, "signal"))?.cancellation.means;
      if (before?.kind === "signal" && before.signal === means.signal) return;
    }
    others.set(placeOf(task, means.kind), waiting);
    this.#byAttempt.set(attemptId, others);
  }

  /** Takes one out, where it waits still and was not replaced. Whether it did. */
  remove(waiting: WaitingCancellation): boolean {
    const { attemptId, task, means } = waiting.cancellation;
    const others = this.#byAttempt.get(attemptId);
    const place = placeOf(task, means.kind);
    if (others?.get(place) !== waiting) return false;
    others.delete(place);
    if (others.size === 0) this.#byAttempt.delete(attemptId);
    return true;
  }

  /** Takes out all for an attempt. */
  forget(attemptId: AttemptId): void {
    this.#byAttempt.delete(attemptId);
  }
}
