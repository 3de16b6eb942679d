/**
 * Records whose properties are absent where nothing is known.
 *
 * @module
 */

/**
 * The record without the properties that are `undefined`, since absent is not the same as present and
 * undefined.
 */
export function present<T extends object>(record: { [K in keyof T]: T[K] | undefined }): Partial<T>;
export function present(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}

/** A figure that is more than nothing: Slurm writes 0 also for what it has not measured. */
export function measured(value: number | undefined): number | undefined {
  return value === 0 ? undefined : value;
}
