/**
 * JSON as Python writes it: numbers keep whether they are whole, however large, and may be none. Pure.
 *
 * @module
 */

import { z } from "zod";

type Json = z.infer<ReturnType<typeof z.json>>;

/** Values that are nested deeper than this are refused: nobody means them, and some programs cannot bear them. */
const MOST_DEPTH = 100;

/** Stands for NaN, which JSON has no word for, between the text and {@linkcode PythonNumber}. */
const NAN = "0e-424242";

/** A number as it was written. */
export class PythonNumber {
  /** @param source Its text. */
  constructor(private readonly source: string) {}

  /** Whether Python takes it for an `int`. */
  get isWhole(): boolean {
    return /^-?\d+$/.test(this.source);
  }

  /** As a number, or as text where no number is the same. */
  get exact(): number | string {
    const number = Number(this.source);
    return this.isWhole && !Number.isSafeInteger(number)
      ? BigInt(this.source).toString()
      : this.approximate;
  }

  /** As the nearest number, or the name of what is none. */
  get approximate(): number | string {
    if (this.source === NAN) return "NaN";
    const number = Number(this.source);
    return Number.isFinite(number) ? number : String(number);
  }
}

const strict = (text: string): unknown =>
  JSON.parse(
    text,
    (_key, value: unknown, context?: { readonly source?: string }) =>
      typeof value === "number" ? new PythonNumber(context?.source ?? String(value)) : value,
  );

/** Python writes these where JSON allows no number; within strings they are words. */
function withoutNames(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (token) => {
    switch (token) {
      case "NaN":
        return NAN;
      case "Infinity":
        return "1e999";
      case "-Infinity":
        return "-1e999";
      default:
        return token;
    }
  });
}

/**
 * The value of the text, its numbers as {@linkcode PythonNumber}.
 *
 * @throws {SyntaxError} It is no JSON, or has too much in it.
 */
export function parsePythonJson(text: string): unknown {
  try {
    return strict(text);
  } catch (error) {
    if (error instanceof SyntaxError && /NaN|Infinity/.test(text)) {
      return strict(withoutNames(text));
    }
    // The stack has come to its end.
    if (error instanceof RangeError) throw new SyntaxError("it is nested too deeply");
    throw error;
  }
}

/**
 * The same value as plain JSON.
 *
 * @throws {SyntaxError} It is nested too deeply.
 */
export function plainJson(value: unknown, depth = 0): Json {
  if (depth > MOST_DEPTH) throw new SyntaxError("it is nested too deeply");
  if (value instanceof PythonNumber) return value.approximate;
  if (Array.isArray(value)) return value.map((one) => plainJson(one, depth + 1));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, plainJson(one, depth + 1)]),
    );
  }
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  throw new SyntaxError(`there is no ${typeof value} in JSON`);
}
