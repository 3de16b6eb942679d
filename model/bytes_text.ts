/**
 * Amounts of bytes for people.
 *
 * @module
 */

const UNITS = ["B", "KB", "MB", "GB", "TB", "PB"] as const;

/** An amount of bytes in units of 1024, as Slurm names them, with three digits: `309 MB`, `15.8 GB`. */
export function bytesText(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  // What would be rounded up to a whole of the next unit is one.
  while (amount >= 1023.5 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  const text = amount >= 100 ? amount.toFixed(0) : String(Number(amount.toPrecision(3)));
  return `${text} ${UNITS[unit] ?? ""}`;
}
