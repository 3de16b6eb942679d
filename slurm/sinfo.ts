/**
 * sinfo: the partitions of a cluster.
 *
 * Source: sinfo(1).
 *
 * @module
 */

import type { SlurmOutput } from "./text.ts";
import { fieldSeparator, outputLines } from "./text.ts";
import { InvalidTimeLimitError, parseTimeLimit } from "./time.ts";

/** The fields: name with a mark on the default, availability, number of nodes, longest time limit. */
const fields = ["%P", "%a", "%D", "%l"] as const;

/** Asks for all partitions, hidden ones too. */
export function sinfoArguments(): string[] {
  return ["sinfo", "--noheader", "--all", `--format=${fields.join(fieldSeparator)}`];
}

/** A partition of a cluster. */
export interface Partition {
  /** Its name. */
  readonly name: string;
  /** Whether jobs go to it that name none. */
  readonly default: boolean;
  /** Whether it starts jobs. */
  readonly available: boolean;
  /** sinfo's word for its availability: `up`, `down`, `drain` or `inact`. */
  readonly availability: string;
  /** Number of its nodes. */
  readonly nodes: number;
  /** Longest time limit of a job, in seconds; absent where sinfo shows none. */
  readonly timeLimit?: number | "unlimited";
}

/** The outcome of reading sinfo's output. */
export interface SinfoAnswer {
  /** The partitions, in sinfo's order. */
  readonly partitions: readonly Partition[];
  /** Lines that were not understood. */
  readonly malformed: readonly string[];
}

function optionalLimit(text: string): number | "unlimited" | undefined {
  try {
    return parseTimeLimit(text);
  } catch (error) {
    if (error instanceof InvalidTimeLimitError) return undefined;
    throw error;
  }
}

/** The partitions in sinfo's output. Lines of the same partition are added up. */
export function parseSinfo(output: SlurmOutput): SinfoAnswer {
  const partitions = new Map<string, Partition>();
  const malformed: string[] = [];
  for (const line of outputLines(output)) {
    const [marked = "", availability = "", nodeText = "", limitText = "", ...more] = line.split(
      fieldSeparator,
    );
    const name = marked.replace(/\*$/, "");
    if (name === "" || more.length > 0 || !/^\d{1,9}$/.test(nodeText)) {
      malformed.push(line);
      continue;
    }
    const timeLimit = optionalLimit(limitText);
    partitions.set(name, {
      name,
      default: marked.endsWith("*"),
      available: availability === "up",
      availability,
      nodes: Number(nodeText) + (partitions.get(name)?.nodes ?? 0),
      ...(timeLimit === undefined ? {} : { timeLimit }),
    });
  }
  return { partitions: [...partitions.values()], malformed };
}
