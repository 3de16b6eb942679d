import { InvalidOptionError } from "./errors.ts";
import type { RandomSource } from "./random.ts";

/** How long to wait before each restart of an actor that keeps failing. */
export interface BackoffOptions {
  /** The wait before the first restart, in ms; default 100. */
  minMs?: number;
  /** The longest wait, in ms; default 30,000. */
  maxMs?: number;
  /** By how much each wait is longer than the one before; default 2. */
  factor?: number;
  /**
   * The share of each wait left to chance, from 0 to 1; default 0.2. With 0.2 a wait of 1,000 ms
   * becomes one of 800 to 1,000 ms, so that many actors that failed together do not return together.
   */
  jitter?: number;
  /** After running this long without failing, the waits start again from `minMs`; default `maxMs`. */
  resetAfterMs?: number;
}

/**
 * The waits between attempts: exponential, with jitter, reset after a time without failures. The kernel
 * uses it for restarts; a behaviour may use it for retries of its own.
 *
 * @example
 * ```ts
 * import { Backoff, systemRandom } from "@sluice/sluice/kernel";
 *
 * const backoff = new Backoff({ minMs: 100, maxMs: 1_000, jitter: 0 }, systemRandom);
 * console.log(backoff.next(0), backoff.next(0)); // 100 200
 * ```
 */
export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #factor: number;
  readonly #jitter: number;
  readonly #resetAfterMs: number;
  readonly #random: RandomSource;
  #failures = 0;

  /**
   * Begins with the shortest wait.
   *
   * @throws {InvalidOptionError} for a negative time, a factor below 1 or a jitter outside 0 to 1
   */
  constructor(options: BackoffOptions, random: RandomSource) {
    this.#random = random;
    this.#minMs = atLeast("backoff.minMs", options.minMs ?? 100, 0);
    this.#maxMs = atLeast("backoff.maxMs", options.maxMs ?? 30_000, this.#minMs);
    this.#factor = atLeast("backoff.factor", options.factor ?? 2, 1);
    this.#jitter = atLeast("backoff.jitter", options.jitter ?? 0.2, 0);
    if (this.#jitter > 1) throw new InvalidOptionError("backoff.jitter", this.#jitter, "at most 1");
    this.#resetAfterMs = atLeast("backoff.resetAfterMs", options.resetAfterMs ?? this.#maxMs, 0);
  }

  /** The next wait, in ms, after something that went well for `ranMs` before it failed. */
  next(ranMs: number): number {
    if (ranMs >= this.#resetAfterMs) this.#failures = 0;
    const full = Math.min(this.#maxMs, this.#minMs * this.#factor ** this.#failures);
    this.#failures++;
    return full * (1 - this.#jitter * this.#random.next());
  }
}

function atLeast(option: string, value: number, least: number): number {
  if (Number.isNaN(value) || value < least) {
    throw new InvalidOptionError(option, value, `at least ${least}`);
  }
  return value;
}
