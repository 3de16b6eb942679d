/** Something that can be called off. Calling it off twice, or too late, does nothing. */
export interface Cancellable {
  /** Calls it off. */
  cancel(): void;
}

/** Where the kernel takes time from. Injected, so that tests need not wait. */
export interface Clock {
  /**
   * How much later than asked the timeouts of asks may be, in ms; default 0. With some slack the kernel
   * need not read the clock for every ask, which on a real clock costs more than the ask itself. They
   * are never early.
   */
  readonly slackMs?: number;
  /** Milliseconds since an epoch of the clock's own. Never goes backwards. */
  now(): number;
  /** Calls `fn` once, not before `ms` milliseconds have passed. */
  setTimeout(fn: () => void, ms: number): Cancellable;
}

/** The longest delay a host timer takes (a signed 32-bit number of ms); above it fires at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/**
 * Real time: milliseconds since the Unix epoch when the process started, then monotonic, so that a
 * change of the wall clock neither fires nor holds back a timer. Delays may be of any length.
 */
export const systemClock: Clock = {
  slackMs: 50,
  now: () => performance.timeOrigin + performance.now(),
  setTimeout: (fn, ms) => new SystemTimer(fn, ms),
};

class SystemTimer implements Cancellable {
  #handle: ReturnType<typeof setTimeout> | undefined;

  constructor(fn: () => void, ms: number) {
    this.#arm(fn, ms);
  }

  #arm(fn: () => void, ms: number): void {
    const step = Math.min(ms, LONGEST_DELAY_MS);
    this.#handle = setTimeout(() => ms > step ? this.#arm(fn, ms - step) : fn(), step);
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }
}
