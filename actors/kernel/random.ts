/** Where the kernel takes chance from (for the jitter of a backoff). Injected, as the clock is. */
export interface RandomSource {
  /** A number from 0 up to, but not including, 1. */
  next(): number;
}

/** Real chance. */
export const systemRandom: RandomSource = { next: () => Math.random() };

/**
 * The same sequence for the same seed, for tests. The generator is mulberry32 (Tommy Ettinger), which
 * is not for secrets.
 *
 * @example
 * ```ts
 * import { seededRandom } from "@sluice/sluice/kernel";
 *
 * console.log(seededRandom(1).next() === seededRandom(1).next()); // true
 * ```
 */
export function seededRandom(seed: number): RandomSource {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = state;
      mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}
