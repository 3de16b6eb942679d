/**
 * One timer for all open streams.
 *
 * @module
 */

import type { Cancellable, Clock } from "../actors/kernel/mod.ts";

/** Milliseconds between two beats. */
export const beatMs = 5_000;
/** Milliseconds without a sign of life after which a client takes its connection for dead. */
export const silenceMs = 4 * beatMs;

/** Calls everyone who listens at every beat. It runs only while somebody does. */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();
  #timer: Cancellable | undefined;

  /** @param clock Where time comes from. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls the listener at every beat from now on, until it is removed. */
  add(listener: () => void): void {
    this.#listeners.add(listener);
    this.#timer ??= this.#clock.setTimeout(this.#beat, beatMs);
  }

  /** Calls the listener no more. */
  remove(listener: () => void): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  readonly #beat = () => {
    this.#timer = this.#clock.setTimeout(this.#beat, beatMs);
    for (const listener of this.#listeners) listener();
  };
}
