/**
 * The record that a job's script leaves in the job's directory when its payload has ended.
 *
 * @module
 */

import { attemptIdSchema } from "../model/mod.ts";
import type { AttemptId } from "../model/mod.ts";
import { forAttempts } from "./for_attempts.ts";

/** What the script of a job wrote at its end. */
export interface ExitRecord {
  /** The attempt at the job. */
  readonly attemptId: AttemptId;
  /** Number of the array task. */
  readonly task?: number;
  /** The scheduler's id of the job, as the script knew it. */
  readonly schedulerId: string;
  /** How often the scheduler had put the job back before this run. */
  readonly restart: number;
  /** The payload's exit status. */
  readonly exitCode: number;
  /**
   * Name of the last signal that reached the script, but `CONT` wherever that came too: with it Slurm
   * begins to end a job, before any process of the job is told to end.
   */
  readonly caught?: string;
  /** Start of the payload, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** End of the payload, in milliseconds since the epoch. */
  readonly endedAt: number;
}

/**
 * The shell commands that print the records of the given attempts, each on a line behind the name of its
 * file. They use nothing but the shell itself, whatever the number of attempts.
 *
 * @param jobsDirectory The directory that holds the jobs' directories; may start with `~/`.
 */
export function printExitRecords(jobsDirectory: string, attempts: readonly AttemptId[]): string {
  return [
    forAttempts(jobsDirectory, attempts),
    'for sluice_file in "$sluice_place"/exit "$sluice_place"/exit.*; do',
    'if [ -f "$sluice_file" ] && read -r sluice_line <"$sluice_file"; then',
    `printf '%s %s %s\\n' "$sluice_attempt" "\${sluice_file##*/}" "$sluice_line"`,
    "fi; done; done",
  ].join("\n");
}

const LINE =
  /^(\S+) exit(?:\.(\d{1,9}))? (\S+) (\d{1,9}) (\d{1,3}) (-|[A-Z0-9]+) (\d{1,12}) (\d{1,12})$/;

/** The records in the output of {@linkcode printExitRecords}; lines that are none are passed over. */
export function parseExitRecords(output: string): ExitRecord[] {
  return output.split("\n").flatMap((line): ExitRecord[] => {
    const match = LINE.exec(line);
    if (match === null) return [];
    const [, id, task, schedulerId, restart, exitCode, caught, startedAt, endedAt] = match;
    const attemptId = attemptIdSchema.safeParse(id);
    if (!attemptId.success || schedulerId === undefined) return [];
    return [{
      attemptId: attemptId.data,
      ...(task === undefined ? {} : { task: Number(task) }),
      schedulerId,
      restart: Number(restart),
      exitCode: Number(exitCode),
      ...(caught === undefined || caught === "-" ? {} : { caught }),
      startedAt: Number(startedAt) * 1000,
      endedAt: Number(endedAt) * 1000,
    }];
  });
}
