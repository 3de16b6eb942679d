import type { Cancellable, Clock } from "./clock.ts";

/** A point in time that can be brought forward but not put off. */
export class Deadline {
  readonly #clock: Clock;
  readonly #onReached: () => void;
  #at = Infinity;
  #timer: Cancellable | undefined = undefined;

  /** Is not set yet. */
  constructor(clock: Clock, onReached: () => void) {
    this.#clock = clock;
    this.#onReached = onReached;
  }

  /** Sets it `ms` from now, unless it is set earlier; 0 reaches it within this call. */
  set(ms: number): void {
    if (ms <= 0) return this.#reach();
    const at = this.#clock.now() + ms;
    if (at >= this.#at) return;
    this.clear();
    this.#at = at;
    this.#timer = this.#clock.setTimeout(() => this.#reach(), ms);
  }

  /** Calls it off; it can be set again. */
  clear(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#at = Infinity;
  }

  #reach(): void {
    this.clear();
    this.#onReached();
  }
}
