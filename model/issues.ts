/**
 * What is wrong with input, field by field, in words for people.
 *
 * @module
 */

import type { z } from "zod";

/** One thing that is wrong with an input. */
export interface InputIssue {
  /** The field, from the root down. */
  readonly path: readonly (string | number)[];
  /** What is wrong, to be read after the field's name: `must be at least 1`. */
  readonly message: string;
  /** The field is one that the schema does not have. */
  readonly unknownKey?: true;
}

type Issue = z.core.$ZodIssue;

function keys(path: readonly PropertyKey[]): (string | number)[] {
  return path.map((key) => typeof key === "symbol" ? String(key) : key);
}

const units: Readonly<Record<string, string>> = {
  string: " characters",
  array: " entries",
  record: " entries",
  object: " entries",
};

const expectedWords: Readonly<Record<string, string>> = {
  array: "a list",
  int: "a whole number",
  object: "a mapping",
  record: "a mapping",
  boolean: "true or false",
};

function bound(origin: string, word: string, limit: number | bigint): string {
  return `must ${units[origin] === undefined ? "be" : "have"} ${word} ${limit}${
    units[origin] ?? ""
  }`;
}

function messageOf(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      // The value itself is never repeated: it may be a secret in the wrong place.
      return /received undefined$/.test(issue.message)
        ? "is required"
        : `must be ${expectedWords[issue.expected] ?? `a ${issue.expected}`}`;
    case "too_big":
      return bound(
        issue.origin,
        issue.inclusive === false ? "less than" : "at most",
        issue.maximum,
      );
    case "too_small":
      return bound(
        issue.origin,
        issue.inclusive === false ? "more than" : "at least",
        issue.minimum,
      );
    case "invalid_value":
      return `must be ${issue.values.length > 1 ? "one of " : ""}${
        issue.values.map(String).join(", ")
      }`;
    default:
      return issue.message;
  }
}

/** The branches of a union that the input came nearest to: those whose trouble lies deepest. */
function flattenUnion(branches: readonly (readonly Issue[])[]): InputIssue[] {
  const flat = branches.map((branch) => flatten(branch));
  const deep = flat.find((issues) =>
    issues.length > 0 && issues.every((issue) => issue.path.length > 0)
  );
  if (deep !== undefined) return deep;
  const messages = flat.flatMap((issues) => issues.slice(0, 1).map((issue) => issue.message));
  return [{ path: [], message: [...new Set(messages)].join(", or ") }];
}

function flatten(issues: readonly Issue[]): InputIssue[] {
  return issues.flatMap((issue): InputIssue[] => {
    const path = keys(issue.path);
    switch (issue.code) {
      case "unrecognized_keys":
        return issue.keys.map((key) => ({
          path: [...path, key],
          message: "is not a known name",
          unknownKey: true,
        }));
      case "invalid_union":
        if (issue.errors.length === 0) return [{ path, message: discriminator(issue) }];
        return flattenUnion(issue.errors).map((inner) => ({
          ...inner,
          path: [...path, ...inner.path],
        }));
      case "invalid_key":
        return [{ path, message: issue.issues[0]?.message ?? issue.message }];
      default:
        return [{ path, message: messageOf(issue) }];
    }
  });
}

function discriminator(issue: Issue): string {
  const options: unknown = "options" in issue ? issue.options : undefined;
  return Array.isArray(options) ? `must be one of ${options.join(", ")}` : issue.message;
}

/**
 * Every thing that is wrong with an input, most of zod's shapes made plain: one entry for each unknown
 * key, and the nearest branch of a union. No entry repeats a value that was given.
 */
export function inputIssues(error: z.core.$ZodError): readonly InputIssue[] {
  return flatten(error.issues);
}

/** A field's path as a reader would write it: `jobs[3].resources.time`. */
export function pathText(path: readonly (string | number)[]): string {
  return path.reduce<string>(
    (text, key) =>
      typeof key === "number" ? `${text}[${key}]` : text === "" ? key : `${text}.${key}`,
    "",
  );
}

/** All issues on one line: `resources.time is required; name must have at least 1 characters`. */
export function issuesText(issues: readonly InputIssue[]): string {
  return issues.map((issue) =>
    issue.path.length === 0
      ? `the input ${issue.message}`
      : `${pathText(issue.path)}: ${issue.message}`
  ).join("; ");
}
