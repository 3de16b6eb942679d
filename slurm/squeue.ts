/**
 * squeue: what the scheduler knows of the living jobs, and of those that ended a moment ago.
 *
 * Source: squeue(1).
 *
 * @module
 */

import type { ExitStatus } from "./exit_code.ts";
import { parseExitStatus } from "./exit_code.ts";
import type { SlurmJobId } from "./job_ids.ts";
import { parseJobId } from "./job_ids.ts";
import type { SlurmState } from "./states.ts";
import { parseState, stateMeaning } from "./states.ts";
import type { SlurmOutput } from "./text.ts";
import { fieldSeparator, fieldValue } from "./text.ts";
import { parseEpoch } from "./time.ts";

/**
 * Ends a record, with the line end that squeue adds: a comment may hold line ends, so they alone do not
 * tell where a record ends.
 */
const recordEnd = "\x1e";

/** The comment is last: it is the only field whose text a user chooses. */
const fields = [
  "JobArrayID",
  "State",
  "Reason",
  "exit_code",
  "RestartCnt",
  "NodeList",
  "StartTime",
  "EndTime",
  "SubmitTime",
  "Comment",
] as const;

/** What {@linkcode squeueArguments} asks for. */
export interface SqueueRequest {
  /** Whose jobs. Default: those of the user who asks. */
  readonly user?: string;
}

/**
 * One query for all jobs of a user, in all states and partitions, with the tasks of arrays one by one.
 *
 * A field without a width is printed whole, and what follows the colon ends it; so it is from Slurm 20.11
 * on. `--format` would do as well, but has no letters for the exit code and the number of restarts.
 */
export function squeueArguments(request: SqueueRequest = {}): string[] {
  const format = fields.map((field, index) =>
    `${field}:${index === fields.length - 1 ? recordEnd : fieldSeparator}`
  ).join(",");
  return [
    "squeue",
    "--noheader",
    "--all",
    "--array",
    "--states=all",
    request.user === undefined ? "--me" : `--user=${request.user}`,
    `--Format=${format}`,
  ];
}

/** A job, an array task or a component as squeue shows it. */
export interface SqueueJob {
  /** Its id. */
  readonly id: SlurmJobId;
  /** Its state; absent where the word is not one of Slurm's. */
  readonly state?: SlurmState;
  /** The word for the state, as squeue printed it. */
  readonly stateText: string;
  /** Slurm's code for why it waits or ended, such as `Resources`; for plain words see explainReason. */
  readonly reason?: string;
  /** The nodes it has or had, as a list for expandNodeList; empty where it has none. */
  readonly nodeList: string;
  /** How the batch script ended. Absent until it has. */
  readonly exit?: ExitStatus;
  /** How often it was put back into the queue. */
  readonly restarts?: number;
  /** When it was submitted, in milliseconds since the epoch; for one that was put back, when that was. */
  readonly submittedAt?: number;
  /** When it started, in milliseconds since the epoch. Absent until it has. */
  readonly startedAt?: number;
  /** When it ended, in milliseconds since the epoch. Absent until it has. */
  readonly endedAt?: number;
  /** The comment it was submitted with; empty where there is none. */
  readonly comment: string;
}

/** The job in a record of squeue's output; `undefined` for one that is not understood. */
export function parseSqueueRecord(record: string): SqueueJob | undefined {
  const parts = record.split(fieldSeparator);
  if (parts.length < fields.length) return undefined;
  const [idText = "", stateText = "", reasonText, exitText, restartText = "", nodes] = parts;
  const [start, end, submit] = parts.slice(6, 9);
  const id = parseJobId(idText.trim());
  if (id === undefined) return undefined;
  const state = parseState(stateText);
  const kind = state === undefined ? undefined : stateMeaning(state).kind;
  const nodeList = fieldValue(nodes) ?? "";
  // Of a waiting job squeue prints when it might start, of one that was cancelled before its start when
  // that was, and of a running one when its limit ends.
  const startedAt = kind === "waiting" || nodeList === "" ? undefined : parseEpoch(start);
  const endedAt = kind === "ended" ? parseEpoch(end) : undefined;
  const exit = kind === "ended" ? parseExitStatus(exitText) : undefined;
  const reason = fieldValue(reasonText);
  const submittedAt = parseEpoch(submit);
  const comment = parts.slice(fields.length - 1).join(fieldSeparator);
  return {
    id,
    ...(state === undefined ? {} : { state }),
    stateText: stateText.trim(),
    ...(reason === undefined ? {} : { reason }),
    nodeList,
    ...(exit === undefined ? {} : { exit }),
    ...(/^\d{1,9}$/.test(restartText) ? { restarts: Number(restartText) } : {}),
    ...(submittedAt === undefined ? {} : { submittedAt }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
    comment: comment === "(null)" ? "" : comment,
  };
}

/** Cuts squeue's output into its records piece by piece, so that a large answer is never held as a whole. */
export class SqueueRecords {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #rest = "";

  /** Takes the next piece of the output and returns the records that it completes. */
  push(chunk: SlurmOutput): string[] {
    const text = typeof chunk === "string" ? chunk : this.#decoder.decode(chunk, { stream: true });
    this.#rest += text;
    // Without the last character of a record's end nothing is complete, and there is nothing to search.
    if (!text.includes("\n")) return [];
    const records = this.#rest.split(`${recordEnd}\n`);
    this.#rest = records.pop() ?? "";
    return records;
  }

  /** Ends the output: what it holds of an unfinished last record, or nothing. */
  end(): string {
    const rest = this.#rest + this.#decoder.decode();
    this.#rest = "";
    return rest;
  }
}
