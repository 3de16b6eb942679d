/**
 * Which evidence is of a job's present run: ids are used again, and a job that was put back has left the
 * traces of its earlier runs. Pure.
 *
 * @module
 */

import { attemptParts } from "../../model/mod.ts";
import type { AttemptId, SchedulerId } from "../../model/mod.ts";
import type { SacctJob } from "../../slurm/mod.ts";
import type { ExitRecord } from "../exit_record.ts";
import type { LastWordsFound, SpokenWords } from "./last_words.ts";

/** A run of a job, an array task or a component of a heterogeneous job. */
export interface Run {
  /** The attempt at the job. */
  readonly attemptId: AttemptId;
  /** Slurm's id of the job; of an array task or a component, that of the whole. */
  readonly schedulerId: SchedulerId;
  /** Slurm's id of the run's own part of it. */
  readonly id: SchedulerId;
  /** Number of the array task or component. */
  readonly task: number | undefined;
  /** Whether it is a component of a heterogeneous job, whose payload runs in a step. */
  readonly component: boolean;
  /** When it began, by the cluster's clock in milliseconds since the epoch, where that is known. */
  readonly startedAt: number | undefined;
}

/**
 * The clocks of the controller and the nodes may differ by so much, in ms. A job that is put back waits
 * for longer than that before it starts again.
 */
const CLOCK_SKEW_MS = 5_000;

/** Whether a time lies before the start of a run, so that what has it is of an earlier one. */
export function isBefore(time: number | undefined, start: number | undefined): boolean {
  return time !== undefined && start !== undefined && time + CLOCK_SKEW_MS < start;
}

/** Whether the record that lies in the job's directory is of this run. */
export function isRecordOf(
  run: Pick<Run, "schedulerId" | "startedAt">,
  record: ExitRecord,
): boolean {
  return record.schedulerId === run.schedulerId && !isBefore(record.endedAt, run.startedAt);
}

/**
 * Whether what accounting says is of this run: of a job in the directory of this one, and not of an end
 * before this run began. Ends are compared and not starts, since the job's script may have been started
 * long after the job, by a prolog that takes its time.
 */
export function isAccountOf(
  run: Pick<Run, "attemptId" | "startedAt">,
  line: Pick<SacctJob, "workingDirectory" | "endedAt">,
  record: ExitRecord | undefined,
): boolean {
  const { jobId } = attemptParts(run.attemptId);
  const path = `${line.workingDirectory ?? ""}/`;
  // The path may lead through symbolic links, so its beginning is not compared.
  if (!path.includes(`/jobs/${jobId}/`)) return false;
  return !isBefore(line.endedAt, run.startedAt) && !isBefore(line.endedAt, record?.startedAt);
}

/** Slurm's own words on the end of a run. */
export interface RunWords {
  /** Why Slurm ended it, and when. */
  readonly end?: {
    /** What Slurm told. */
    readonly reason: Exclude<SpokenWords["reason"], "out_of_memory">;
    /** In milliseconds since the epoch. */
    readonly at: number;
  };
  /** Whether it went beyond its memory. */
  readonly outOfMemory: boolean;
  /** When the job last wrote to its standard output or error, in milliseconds since the epoch. */
  readonly wroteAt?: number;
}

/**
 * What Slurm said of this run in the job's standard error, to which every run adds.
 *
 * @param record The record of this run.
 */
export function wordsOf(
  run: Run,
  found: LastWordsFound,
  record: ExitRecord | undefined,
): RunWords {
  const id = Number(run.schedulerId);
  // The numbers of an array's tasks, and of components, come after that of the whole, which is that of one.
  const own = found.words.filter(({ job, step = false }) =>
    step === run.component && (run.task === undefined ? job === id : job >= id)
  );
  const stale = ({ at }: SpokenWords) =>
    isBefore(at, run.startedAt) || isBefore(at, record?.startedAt);
  const last = own.findLast(({ at }) => at !== undefined);
  const current = last !== undefined && !stale(last) ? last : undefined;
  return {
    ...(current?.at === undefined || current.reason === "out_of_memory"
      ? {}
      : { end: { reason: current.reason, at: current.at } }),
    // The line has no time: beside those of an earlier run it may be of that one.
    outOfMemory: own.some(({ reason }) => reason === "out_of_memory") && !own.some(stale),
    ...(found.wroteAt === undefined ? {} : { wroteAt: found.wroteAt }),
  };
}
