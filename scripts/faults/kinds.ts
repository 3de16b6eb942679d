/**
 * The kinds of jobs that run while something breaks, and how each must end. Pure.
 *
 * @module
 */

import type { FinalPhase } from "../../model/mod.ts";
import { quote } from "../../shell/mod.ts";

/** Names of the kinds: `across` runs until the fault is over. */
export const KINDS = ["success", "exit", "signal", "array", "across", "cancelled"] as const;

/** See {@linkcode KINDS}. */
export type KindName = (typeof KINDS)[number];

/** The kinds that do not wait for the fault to be over. */
export const QUICK: readonly KindName[] = ["success", "exit", "signal", "array", "cancelled"];

/** How a job or an array task must end. */
export interface Ending {
  readonly phase: FinalPhase;
  /** Where the kind leaves it open, nothing is demanded. */
  readonly exitCode?: number;
  /** What signal must have ended it. Default: none. */
  readonly signal?: number;
}

/** One kind of job. */
export interface Kind {
  readonly name: KindName;
  readonly ending: Ending;
  /** How its tasks must end, by their numbers; absent for what is no array. */
  readonly tasks?: readonly Ending[];
  /** Whether it must have run before it ends. */
  readonly mustRun: boolean;
  /** The script's lines after it has told of its start. */
  readonly lines: (gate: string) => readonly string[];
}

/** What {@linkcode Kind.lines} are for: a job whose output is compared says something. */
const SPEAK = ["i=0", 'while [ $i -lt 40 ]; do i=$((i + 1)); echo "line $i of $token"; done'];

const SIGKILL = 9;
const succeeded: Ending = { phase: "succeeded", exitCode: 0 };

function failed(exitCode: number): Ending {
  return { phase: "failed", exitCode };
}

const kinds: Readonly<Record<KindName, Kind>> = {
  success: {
    name: "success",
    ending: succeeded,
    mustRun: true,
    // Where the disk is full nothing can be said, which is no failure.
    lines: () => ["sleep 0.2", ...SPEAK, "exit 0"],
  },
  exit: { name: "exit", ending: failed(3), mustRun: true, lines: () => [...SPEAK, "exit 3"] },
  signal: {
    name: "signal",
    ending: { ...failed(128 + SIGKILL), signal: SIGKILL },
    mustRun: true,
    lines: () => [...SPEAK, `kill -${SIGKILL} $$`],
  },
  array: {
    name: "array",
    ending: { phase: "failed" },
    tasks: [succeeded, failed(1), failed(2)],
    mustRun: true,
    lines: () => ['exit "$SLURM_ARRAY_TASK_ID"'],
  },
  across: {
    name: "across",
    ending: failed(7),
    mustRun: true,
    // It ends by itself where whoever opens the gate is gone.
    lines: (gate) => [
      ...SPEAK,
      "tries=0",
      `until [ -e ${
        quote(gate)
      } ] || [ $tries -eq 1500 ]; do tries=$((tries + 1)); sleep 0.2; done`,
      ...SPEAK,
      "exit 7",
    ],
  },
  cancelled: {
    name: "cancelled",
    ending: { phase: "cancelled" },
    mustRun: false,
    lines: () => [...SPEAK, "exec sleep 600"],
  },
};

/** The kind of that name. */
export function kindNamed(name: KindName): Kind {
  return kinds[name];
}

/**
 * The script of a job. At each start it appends `TOKEN TASK RESTART SLURM_JOB_ID` to the file of starts,
 * in one write, so that lines of jobs that start together do not mix.
 */
export function scriptOf(
  kind: Kind,
  { token, starts, gate }: {
    readonly token: string;
    readonly starts: string;
    readonly gate: string;
  },
): string {
  return [
    "#!/bin/sh",
    `token=${quote(token)}`,
    "task=${SLURM_ARRAY_TASK_ID:--} restart=${SLURM_RESTART_COUNT:-0}",
    `printf '%s %s %s %s\\n' "$token" "$task" "$restart" "$SLURM_JOB_ID" >>${quote(starts)}`,
    ...kind.lines(gate),
    "",
  ].join("\n");
}

/** The numbers of a kind's array tasks as Slurm takes them, or `undefined` for what is no array. */
export function arrayOf({ tasks }: Kind): string | undefined {
  return tasks === undefined ? undefined : `0-${tasks.length - 1}`;
}
