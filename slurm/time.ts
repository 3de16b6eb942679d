/**
 * Slurm's time limits, durations and times of day.
 *
 * @module
 */

import { SluiceError } from "../model/mod.ts";
import { fieldValue } from "./text.ts";

/** Raised for a time limit that Slurm would not understand. */
export class InvalidTimeLimitError extends SluiceError {
  override readonly name: string = "InvalidTimeLimitError";

  /** Shows the value as it was given. */
  constructor(value: string | number) {
    super({
      code: "INVALID_TIME_LIMIT",
      message: `${JSON.stringify(value)} is not a time limit.`,
      next:
        "Write minutes, `MM:SS`, `HH:MM:SS`, `D-HH`, `D-HH:MM`, `D-HH:MM:SS`, or `UNLIMITED` for none.",
    });
  }
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
/** Slurm adds up a limit's seconds in 32 bits, and rounds up to a minute: beyond that it goes astray. */
const longestLimit = 2 ** 31 - minute;

/**
 * Seconds of a time limit as sbatch's `--time` takes it; a number stands for minutes. Slurm itself rounds
 * up to whole minutes.
 *
 * Source: sbatch(1), `--time`: zero requests that no limit be imposed.
 *
 * @throws {InvalidTimeLimitError} The value is none of Slurm's forms, or beyond its range.
 */
export function parseTimeLimit(value: string | number): number | "unlimited" {
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value) || value < 0) throw new InvalidTimeLimitError(value);
    return limit(value * minute, value);
  }
  if (/^(?:unlimited|infinite|-1)$/i.test(value)) return "unlimited";
  const match =
    /^(?:(\d{1,10})-(\d{1,10})(?::(\d{1,10})(?::(\d{1,10}))?)?|(\d{1,10})(?::(\d{1,10})(?::(\d{1,10}))?)?)$/
      .exec(value);
  if (match === null) throw new InvalidTimeLimitError(value);
  const [, days, hours, minutes, seconds, first, second, third] = match.map((part) =>
    part === undefined ? undefined : Number(part)
  );
  if (days !== undefined) {
    return limit(
      days * day + (hours ?? 0) * hour + (minutes ?? 0) * minute + (seconds ?? 0),
      value,
    );
  }
  if (third !== undefined) {
    return limit((first ?? 0) * hour + (second ?? 0) * minute + third, value);
  }
  return limit((first ?? 0) * minute + (second ?? 0), value);
}

function limit(seconds: number, value: string | number): number | "unlimited" {
  if (seconds > longestLimit) throw new InvalidTimeLimitError(value);
  return seconds === 0 ? "unlimited" : seconds;
}

/** A time limit as sbatch's `--time` takes it: `D-HH:MM:SS`, without the days where there are none. */
export function formatTimeLimit(seconds: number | "unlimited"): string {
  if (seconds === "unlimited") return "UNLIMITED";
  const whole = Math.ceil(seconds);
  const days = Math.floor(whole / day);
  const clock = [
    Math.floor((whole % day) / hour),
    Math.floor((whole % hour) / minute),
    whole % minute,
  ].map((part) => String(part).padStart(2, "0")).join(":");
  return days === 0 ? clock : `${days}-${clock}`;
}

/**
 * Seconds of a duration as sacct prints it: `[D-]HH:MM:SS[.mmm]` or `MM:SS[.mmm]`.
 *
 * @returns `undefined` where there is none (`INVALID`, `Unknown`, empty).
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(?:(?:(\d{1,9})-)?(\d{1,9}):)?(\d{1,9}):(\d{1,9}(?:\.\d{1,9})?)$/.exec(
    text.trim(),
  );
  if (match === null) return undefined;
  const [, days, hours, minutes, seconds] = match;
  return Number(days ?? 0) * day + Number(hours ?? 0) * hour + Number(minutes) * minute +
    Number(seconds);
}

/**
 * Milliseconds since the epoch of a time that was printed with `SLURM_TIME_FORMAT=%s`.
 *
 * @returns `undefined` where Slurm knows none (`Unknown`, `None`, `N/A`, `0`).
 */
export function parseEpoch(text: string | undefined): number | undefined {
  const value = fieldValue(text);
  if (value === undefined || !/^\d{1,12}$/.test(value)) return undefined;
  const seconds = Number(value);
  return seconds === 0 ? undefined : seconds * 1000;
}
