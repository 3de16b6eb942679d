/**
 * Where connections are cut. Pure.
 *
 * @module
 */

/** Bytes each way: `up` is towards the cluster. */
export interface Traffic {
  readonly up: number;
  readonly down: number;
}

/** A place to cut at: so many bytes of the submission have passed that way. */
export interface CutPlace {
  readonly way: keyof Traffic;
  readonly bytes: number;
}

/** Every place, a step apart, from the first byte to past the last. */
export function cutPlaces(traffic: Traffic, step: number): CutPlace[] {
  const ways: readonly (keyof Traffic)[] = ["up", "down"];
  return ways.flatMap((way) =>
    Array.from(
      { length: Math.ceil(traffic[way] / step) + 1 },
      (_, index) => ({ way, bytes: index * step + 1 }),
    )
  );
}
