/**
 * How jobs end, said in the same way whoever saw it. Pure.
 *
 * @module
 */

import { exitCodeMeaning } from "../launchers/mod.ts";
import type { Reason } from "../model/mod.ts";
import { explainEnd } from "../slurm/mod.ts";
import type { SlurmState } from "../slurm/mod.ts";
import type { ExitRecord } from "./exit_record.ts";
import type { Sighting } from "./scheduler.ts";

/** The signal that an exit status stands for, as POSIX shells report one. */
export function shellSignal(exitCode: number): number | undefined {
  return exitCode > 128 && exitCode <= 192 ? exitCode - 128 : undefined;
}

/** Why a job ended as it did, in Slurm's word and in plain ones. */
export function reasonOf(
  state: SlurmState,
  reason: string | undefined,
  exitCode: number | undefined,
  signal: number | undefined,
): Reason {
  const exit = exitCode === undefined && signal === undefined
    ? undefined
    : { exitCode: exitCode ?? 0, ...(signal === undefined ? {} : { signal }) };
  const why = explainEnd({
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(exit === undefined ? {} : { exit }),
  });
  const meaning = why.code === "NonZeroExitCode" ? exitCodeMeaning(exitCode ?? 0) : undefined;
  if (meaning === undefined) return why;
  // A payload may end with it for a reason of its own, so it is told whose word it is.
  return {
    ...why,
    text: `${why.text} By that Sluice says: ${meaning}; see the job's error output.`,
  };
}

/** What a record of the job's own, that no signal spoils, says of its end. */
export function recorded(record: ExitRecord): Sighting {
  const { exitCode, startedAt, endedAt } = record;
  const signal = shellSignal(exitCode);
  const state = exitCode === 0 ? "COMPLETED" : "FAILED";
  return {
    kind: "ended",
    phase: exitCode === 0 ? "succeeded" : "failed",
    state,
    ...(exitCode === 0 ? {} : { reason: reasonOf(state, undefined, exitCode, signal) }),
    exitCode,
    ...(signal === undefined ? {} : { signal }),
    nodes: [],
    startedAt,
    endedAt,
  };
}
