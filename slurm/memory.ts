/**
 * Amounts of memory as Slurm reads and prints them.
 *
 * @module
 */

import { SluiceError } from "../model/mod.ts";

/** Raised for an amount of memory that Slurm would not understand. */
export class InvalidMemoryError extends SluiceError {
  override readonly name: string = "InvalidMemoryError";

  /** Shows the value as it was given. */
  constructor(value: string | number) {
    super({
      code: "INVALID_MEMORY",
      message: `${JSON.stringify(value)} is not an amount of memory.`,
      next: "Write a whole number of MiB, or one with the suffix K, M, G or T, such as `4G`.",
    });
  }
}

const units: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["K", 2 ** 10],
  ["M", 2 ** 20],
  ["G", 2 ** 30],
  ["T", 2 ** 40],
  ["P", 2 ** 50],
]);

/**
 * Bytes of an amount as sbatch's `--mem` takes it: without a suffix it is in MiB. Zero asks for all of a
 * node's memory.
 *
 * Source: sbatch(1), `--mem`.
 *
 * @throws {InvalidMemoryError} The value is not an amount that sbatch takes.
 */
export function parseMemory(value: string | number): number {
  const match = /^(\d{1,15})([KMGT]?)B?$/i.exec(String(value));
  if (match === null) throw new InvalidMemoryError(value);
  const [, digits = "", suffix = ""] = match;
  const bytes = Number(digits) * (units.get(suffix === "" ? "M" : suffix.toUpperCase()) ?? NaN);
  if (!Number.isSafeInteger(bytes)) throw new InvalidMemoryError(value);
  return bytes;
}

/** An amount of memory that accounting shows. */
export interface AccountedMemory {
  /** The amount in bytes. */
  readonly bytes: number;
  /** What it was counted for. Releases before 21.08 say node or CPU, later ones give the job's total. */
  readonly per: "job" | "node" | "cpu";
}

/**
 * An amount as sacct prints it: `4194304K`, `4G`, `1.50G`, `4000Mn` (a node), `2Gc` (a CPU). With
 * `--noconvert` an amount without a suffix is in bytes for MaxRSS and in MiB for ReqMem.
 *
 * @param text The field.
 * @param plain Unit of an amount without a suffix. Default: `""`, bytes.
 * @returns `undefined` where there is none, or it is not understood.
 */
export function parseAccountedMemory(
  text: string,
  plain: "" | "M" = "",
): AccountedMemory | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,9})?)([KMGTP]?)([nc]?)$/i.exec(text.trim());
  if (match === null) return undefined;
  const [, digits = "", suffix = "", counted = ""] = match;
  const unit = units.get(suffix === "" ? plain : suffix.toUpperCase());
  if (unit === undefined) return undefined;
  const per = counted === "" ? "job" : counted.toLowerCase() === "n" ? "node" : "cpu";
  return { bytes: Math.round(Number(digits) * unit), per };
}
