/**
 * sinfo: the nodes of a cluster, one by one.
 *
 * Source: sinfo(1), "NODE STATE CODES".
 *
 * @module
 */

import { fieldSeparator, outputLines } from "./text.ts";
import type { SlurmOutput } from "./text.ts";

/**
 * Asks for the states of nodes.
 *
 * @param nodes Their names. At least one.
 */
export function nodeStatesArguments(nodes: readonly [string, ...string[]]): string[] {
  return [
    "sinfo",
    "--noheader",
    "--all",
    "--Node",
    `--nodes=${nodes.join(",")}`,
    `--format=${["%N", "%T"].join(fieldSeparator)}`,
  ];
}

/** A node as sinfo sees it. */
export interface NodeState {
  /** Its name. */
  readonly node: string;
  /**
   * Slurm's word in capitals without the flags behind it, such as `IDLE` or `DOWN`; `NOT_RESPONDING` of a node of
   * which only such a flag says that it is not well.
   */
  readonly state: string;
  /** Whether what runs there can be reached and more may be started by who has the node. */
  readonly usable: boolean;
}

/** States of nodes where nothing runs. One that drains lets its jobs go on. */
const LOST: ReadonlySet<string> = new Set([
  "DOWN",
  "ERROR",
  "FAIL",
  "FUTURE",
  "POWERED_DOWN",
  "POWERING_DOWN",
  "REBOOT",
  "UNKNOWN",
]);

/** The nodes in sinfo's output, each once, though it lists a node once for each partition. */
export function parseNodeStates(output: SlurmOutput): NodeState[] {
  const nodes = new Map<string, NodeState>();
  for (const line of outputLines(output)) {
    const [node = "", text = "", ...more] = line.split(fieldSeparator);
    // Flags behind the word; `*` says that the node does not respond.
    const match = /^([A-Za-z_]+)([*~#!%$@^+-]*)$/.exec(text.trim());
    if (node === "" || match?.[1] === undefined || more.length > 0) continue;
    const word = match[1].toUpperCase();
    const lost = LOST.has(word);
    const silent = match[2]?.includes("*") === true;
    const state = silent && !lost ? "NOT_RESPONDING" : word;
    nodes.set(node, { node, state, usable: !lost && !silent });
  }
  return [...nodes.values()];
}
