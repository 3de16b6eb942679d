/**
 * The lines that job scripts append to the spool.
 *
 * @module
 */

import { attemptIdSchema } from "../model/mod.ts";
import type { AttemptId } from "../model/mod.ts";

/** One line of the spool. */
export type SpoolRecord = RunRecord | ReadyRecord;

/** That a job which is a Ray or Spark cluster has come up. */
export interface ReadyRecord {
  /** The attempt at the job. */
  readonly attemptId: AttemptId;
  readonly kind: "ready";
}

/** What the script of a job says of its payload. */
export type RunRecord =
  & {
    /** The attempt at the job whose script wrote it. */
    readonly attemptId: AttemptId;
    /** Number of the array task. */
    readonly task?: number;
    /** How often the scheduler had put the job back before this run. */
    readonly restart: number;
  }
  & (
    /** The payload is about to start. */
    | { readonly kind: "start"; /** In milliseconds since the epoch. */ readonly at: number }
    /** The payload has ended. */
    | {
      readonly kind: "end";
      /** The payload's exit status. */
      readonly exitCode: number;
      /** Name of the last signal that reached the job's script. */
      readonly caught?: string;
    }
  );

const LINE = /^(\S+) (-|\d{1,9}) (\d{1,9}) (start|end|ready) (\d{1,12}) (-|[A-Z0-9]+)$/;

/**
 * The record in a line, or `undefined` for a line that is torn or somebody else's: many nodes append to
 * the one file, and a network file system may mix their lines.
 */
export function parseSpoolLine(line: string): SpoolRecord | undefined {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  const [, id, task, restart, kind, value, caught] = match;
  const attemptId = attemptIdSchema.safeParse(id);
  if (!attemptId.success) return undefined;
  if (kind === "ready") return { attemptId: attemptId.data, kind };
  const head = {
    attemptId: attemptId.data,
    ...(task === "-" ? {} : { task: Number(task) }),
    restart: Number(restart),
  };
  if (kind === "start") return { ...head, kind, at: Number(value) * 1000 };
  return {
    ...head,
    kind: "end",
    exitCode: Number(value),
    ...(caught === undefined || caught === "-" ? {} : { caught }),
  };
}
