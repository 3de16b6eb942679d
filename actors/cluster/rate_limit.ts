/**
 * A limit to how many jobs are handed over in a second: a token bucket. Pure.
 *
 * Source: RFC 2697, section 3, whose committed burst size is here that of one second.
 *
 * @module
 */

/** How many may go, as of some moment. */
export interface Tokens {
  /** How many there were. */
  readonly left: number;
  /** When, in ms. */
  readonly at: number;
}

/** A limit, or none. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #most: number;

  /** @param perSecond How many in a second. Default: as many as come. */
  constructor(perSecond = Infinity) {
    this.#perSecond = perSecond;
    this.#most = Math.max(1, perSecond);
  }

  /** As many as may go at once. */
  get full(): Tokens {
    return { left: this.#most, at: -Infinity };
  }

  /** What there is now. */
  refilled({ left, at }: Tokens, now: number): Tokens {
    // A clock that goes back gives nothing and takes nothing.
    const elapsedMs = Math.max(0, now - at);
    const more = elapsedMs === 0 ? 0 : elapsedMs / 1_000 * this.#perSecond;
    return { left: Math.min(this.#most, left + more), at: now };
  }

  /** Milliseconds until one may go. */
  waitMs({ left }: Tokens): number {
    return left >= 1 ? 0 : Math.ceil((1 - left) / this.#perSecond * 1_000);
  }
}
