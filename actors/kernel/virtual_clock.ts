import { setImmediate } from "node:timers";
import type { Cancellable, Clock } from "./clock.ts";
import { isPaused } from "./dispatcher.ts";

interface Timer {
  readonly due: number;
  readonly fn: () => void;
}

/** Turns of the event loop, without a pause of the kernel's, that let chains of promises come to rest. */
const SETTLING_TURNS = 3;

/**
 * A clock that moves only when a test says so.
 *
 * @example
 * ```ts
 * import { ActorSystem, VirtualClock } from "@sluice/sluice/kernel";
 *
 * const clock = new VirtualClock();
 * await using system = new ActorSystem({ clock });
 * const ticks: number[] = [];
 * system.spawn<"tick", null>("metronome", {
 *   init: (ctx) => (ctx.every(1_000, "tick"), null),
 *   receive: (state, _message, ctx) => (ticks.push(ctx.clock.now()), state),
 * });
 * await clock.advance(3_000);
 * console.log(ticks); // [1000, 2000, 3000]
 * ```
 */
export class VirtualClock implements Clock {
  #now: number;
  readonly #timers = new Set<Timer>();

  /** Stands still. @param start what `now()` says at first, in ms; default 0 */
  constructor(start = 0) {
    this.#now = start;
  }

  /** The virtual time in ms. */
  now(): number {
    return this.#now;
  }

  /** How many timers are armed: a test can prove that none was left behind. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Calls `fn` when the clock is advanced to or past `now() + ms`. */
  setTimeout(fn: () => void, ms: number): Cancellable {
    const timer: Timer = { due: this.#now + Math.max(0, ms), fn };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /**
   * Moves on by `ms`. Due timers run in the order of their times, those of one time in the order they
   * were set; before each, and at the end, everything that promises have set in motion comes to rest.
   */
  async advance(ms: number): Promise<void> {
    const target = this.#now + ms;
    await this.settle();
    for (;;) {
      const timer = this.#nextDue(target);
      if (timer === undefined) break;
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, timer.due);
      timer.fn();
      await this.settle();
    }
    this.#now = target;
  }

  /** Lets everything that needs no time come to rest, without moving on. */
  async settle(): Promise<void> {
    // How often actors with much to do pause depends on the machine, so the pauses are not counted.
    for (let left = SETTLING_TURNS; left > 0; left = isPaused() ? SETTLING_TURNS : left - 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  #nextDue(target: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= target && (next === undefined || timer.due < next.due)) next = timer;
    }
    return next;
  }
}
