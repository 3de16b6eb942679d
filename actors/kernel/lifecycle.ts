import type { Cancellable } from "./clock.ts";
import type { DeadLetter } from "./dead_letters.ts";
import type { StopReason } from "./stop_reason.ts";

/** What an actor was doing: one of its behaviour's functions, or supervising its children. */
export type Activity = "init" | "receive" | "signal" | "stopped" | "supervise";

/**
 * What can happen to an actor:
 * - `started`: an incarnation is ready for messages; `restarts` is 0 for the first.
 * - `failed`: it failed during `during`, on `message` if there was one.
 * - `restarting`: its incarnation has ended, and the next starts after `delayMs`.
 * - `stopping`: its stop for good has begun.
 * - `abandoned`: it did not end in time, so what it was doing was given up; a message in hand is also
 *   a dead letter.
 * - `late-failure`: what had been given up failed in the end.
 * - `stopped`: it is gone for good.
 * - `dead-letter`: a message or an answer reached nobody.
 */
export type LifecycleDetail =
  | { readonly type: "started"; readonly restarts: number }
  | {
    readonly type: "failed";
    readonly during: Activity;
    readonly error: unknown;
    readonly message: unknown;
  }
  | { readonly type: "restarting"; readonly delayMs: number; readonly error: unknown }
  | { readonly type: "stopping" }
  | { readonly type: "abandoned"; readonly during: Activity }
  | { readonly type: "late-failure"; readonly during: Activity; readonly error: unknown }
  | { readonly type: "stopped"; readonly reason: StopReason }
  | { readonly type: "dead-letter"; readonly letter: DeadLetter };

/** What happened, to whom, and when in the clock's milliseconds. */
export type LifecycleEvent = LifecycleDetail & { readonly path: string; readonly at: number };

/** The events of a whole system, for logs, metrics and tests. */
export interface LifecycleEvents {
  /** Calls `listener` with every event from now on, in order, soon after it happened. */
  subscribe(listener: (event: LifecycleEvent) => void): Cancellable;
}

/**
 * Delivers events in order, but never within the operation that caused them: a listener may stop, tell
 * and spawn as it likes. What a listener throws goes to `onListenerError`, not to the other listeners.
 */
export class LifecycleStream implements LifecycleEvents {
  readonly #listeners = new Set<(event: LifecycleEvent) => void>();
  #queue: LifecycleEvent[] = [];
  #scheduled = false;

  /** Nobody listens yet. @param onListenerError is told what a listener threw */
  constructor(readonly onListenerError: (error: unknown) => void) {}

  /** Whether anybody listens. */
  get observed(): boolean {
    return this.#listeners.size > 0;
  }

  /** Calls `listener` with every event from now on, in order, soon after it happened. */
  subscribe(listener: (event: LifecycleEvent) => void): Cancellable {
    const own = (event: LifecycleEvent) => listener(event);
    this.#listeners.add(own);
    return { cancel: () => void this.#listeners.delete(own) };
  }

  /** Queues an event for those who listen. */
  emit(event: LifecycleEvent): void {
    if (this.#listeners.size === 0) return;
    this.#queue.push(event);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.flush());
  }

  /** Delivers now what is queued. */
  flush(): void {
    this.#scheduled = false;
    const events = this.#queue;
    this.#queue = [];
    for (const event of events) {
      for (const listener of this.#listeners) {
        try {
          listener(event);
        } catch (error) {
          this.onListenerError(error);
        }
      }
    }
  }
}
