/**
 * What a run of faults came to, as lines. Pure.
 *
 * @module
 */

import type { WrongCounts } from "./judge.ts";
import { WRONGS } from "./judge.ts";

/** What one fault came to. */
export interface FaultResult extends WrongCounts {
  readonly fault: string;
  readonly rounds: number;
  readonly jobs: number;
}

/** What was done in the whole run. */
export interface Totals {
  /** Connections to the cluster that were cut. */
  readonly cuts: number;
  /** How often the server was killed. */
  readonly kills: number;
  /** How often the server ended though nobody had asked it to. */
  readonly crashes: number;
}

const COLUMNS = ["fault", "rounds", "jobs", ...WRONGS] as const;

/** Whether anything went wrong. */
export function isClean(result: FaultResult): boolean {
  return WRONGS.every((wrong) => result[wrong] === 0);
}

/** One line of JSON. */
export function jsonLine(result: FaultResult): string {
  return JSON.stringify(Object.fromEntries(COLUMNS.map((column) => [column, result[column]])));
}

/** What was done, in a line. */
export function totalsLine({ cuts, kills, crashes }: Totals, seed: number): string {
  const fell = crashes === 0 ? "" : `, ${crashes} ends of the server by itself`;
  return `${cuts} cuts, ${kills} kills${fell}, seed ${seed}`;
}

/** A table for people. */
export function resultTable(results: readonly FaultResult[]): string {
  const rows = [
    [...COLUMNS],
    ...results.map((result) => COLUMNS.map((column) => String(result[column]))),
  ];
  const widths = COLUMNS.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  );
  return rows.map((row) =>
    row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    }).join("  ").trimEnd()
  ).join("\n");
}
