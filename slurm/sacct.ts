/**
 * sacct: what accounting knows of jobs that ended.
 *
 * Source: sacct(1).
 *
 * @module
 */

import type { SchedulerId } from "../model/mod.ts";
import type { ExitStatus } from "./exit_code.ts";
import { parseExitStatus } from "./exit_code.ts";
import type { SlurmJobId } from "./job_ids.ts";
import { expandArray, formatJobId, InvalidArrayError, parseJobId, parseStepId } from "./job_ids.ts";
import { present } from "./present.ts";
import { sacctCommand } from "./sacct_command.ts";
import type { SlurmState } from "./states.ts";
import { parseState } from "./states.ts";
import type { SlurmOutput } from "./text.ts";
import { fieldSeparator, fieldValue, outputLines } from "./text.ts";
import { parseEpoch } from "./time.ts";

/** The working directory is last: it is the only field whose text a user chose. */
const fields = [
  "JobID",
  "State",
  "ExitCode",
  "Submit",
  "Start",
  "End",
  "NodeList",
  "Reason",
  "WorkDir",
] as const;

/** The highest number of a task that any cluster allows, for {@linkcode expandArray}. */
const anyArraySize = 4_000_001;

/**
 * The records of some jobs. Of a job that was put back, sacct shows the last attempt only; of an id that
 * was used again, the last use.
 *
 * @param ids Jobs, array tasks or components. At least one, or sacct would show all of a day's jobs.
 */
export function sacctArguments(
  ids: readonly [SchedulerId, ...SchedulerId[]],
): string[] {
  return sacctCommand(fields, ids);
}

/** A job, an array task or a component as accounting has it. */
export interface SacctJob {
  /** Its id. */
  readonly id: SlurmJobId;
  /** Its state; absent where the word is not one of Slurm's. */
  readonly state?: SlurmState;
  /** The word for the state, as sacct printed it, such as `CANCELLED by 1000`. */
  readonly stateText: string;
  /** Slurm's code for why it waited or ended; for plain words see explainReason. */
  readonly reason?: string;
  /** How the batch script ended. Of an exit code of 128 and more, accounting shows 128 less. */
  readonly exit?: ExitStatus;
  /** The directory in which its batch script was started. */
  readonly workingDirectory?: string;
  /** The nodes it had, as a list for expandNodeList; empty where it had none. */
  readonly nodeList: string;
  /** When it was submitted, in milliseconds since the epoch; for one that was put back, when that was. */
  readonly submittedAt?: number;
  /** When it started, in milliseconds since the epoch. */
  readonly startedAt?: number;
  /** When it ended, in milliseconds since the epoch. */
  readonly endedAt?: number;
}

/** The outcome of reading sacct's output. */
export interface SacctAnswer {
  /** The jobs, in sacct's order. */
  readonly jobs: readonly SacctJob[];
  /** Lines that were not understood. */
  readonly malformed: readonly string[];
}

type Known = Pick<
  SacctJob,
  | "state"
  | "reason"
  | "exit"
  | "workingDirectory"
  | "submittedAt"
  | "startedAt"
  | "endedAt"
>;

function parseJob(id: SlurmJobId, parts: readonly string[]): SacctJob {
  const [, stateText = "", exit, submit, start, end, nodes, reason] = parts;
  const workingDirectory = parts.slice(fields.length - 1).join(fieldSeparator);
  const nodeList = fieldValue(nodes) ?? "";
  return {
    id,
    stateText: stateText.trim(),
    nodeList,
    ...present<Known>({
      state: parseState(stateText),
      reason: fieldValue(reason),
      exit: parseExitStatus(exit),
      workingDirectory: workingDirectory === "" ? undefined : workingDirectory,
      submittedAt: parseEpoch(submit),
      // A job that was cancelled before its start has the time of that in its place.
      startedAt: nodeList === "" ? undefined : parseEpoch(start),
      endedAt: parseEpoch(end),
    }),
  };
}

/** The tasks that still waited together when they ended, one by one; anything else as it is. */
function separateTasks(job: SacctJob): SacctJob[] {
  const { id } = job;
  if (id.kind !== "waitingTasks") return [job];
  return expandArray(id.tasks, anyArraySize).map((task) => ({
    ...job,
    id: { kind: "task", job: id.job, task },
  }));
}

/**
 * The jobs in sacct's output, without their steps. Tasks of an array that were cancelled while they waited
 * share a line (`12_[3-9]`) and are returned one by one.
 */
export function parseSacct(output: SlurmOutput): SacctAnswer {
  const jobs = new Map<SchedulerId, SacctJob>();
  const malformed: string[] = [];
  for (const line of outputLines(output)) {
    const parts = line.split(fieldSeparator);
    const [idText = ""] = parts;
    if (parts.length < fields.length) {
      malformed.push(line);
      continue;
    }
    if (parseStepId(idText) !== undefined) continue;
    const id = parseJobId(idText);
    if (id === undefined) {
      malformed.push(line);
      continue;
    }
    try {
      for (const job of separateTasks(parseJob(id, parts))) jobs.set(formatJobId(job.id), job);
    } catch (error) {
      if (!(error instanceof InvalidArrayError)) throw error;
      malformed.push(line);
    }
  }
  return { jobs: [...jobs.values()], malformed };
}
