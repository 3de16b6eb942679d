/**
 * What the queue, the accounting, the job's own record and Slurm's last words say together of one job.
 * Pure.
 *
 * @module
 */

import { expandNodeList, explainReason, stateMeaning } from "../../slurm/mod.ts";
import type { SacctJob, SlurmState, SqueueJob } from "../../slurm/mod.ts";
import { reasonOf, recorded, shellSignal } from "../endings.ts";
import type { ExitRecord } from "../exit_record.ts";
import type { Sighting } from "../scheduler.ts";
import type { ComponentMarks } from "./component_marks.ts";
import { componentVerdict } from "./component_verdict.ts";
import type { RunWords } from "./present_run.ts";

/** Everything that is known of the present run of a job or an array task at one moment. */
export interface Evidence {
  /** The queue's line, where the queue has one. */
  readonly queue: SqueueJob | undefined;
  /** The accounting's line. Not looked at while the queue has one. */
  readonly accounting: SacctJob | undefined;
  /** What the job's script left at its end. */
  readonly record: ExitRecord | undefined;
  /** What Slurm said in the job's standard error; absent where that was not looked at. */
  readonly words: RunWords | undefined;
  /** Whether Slurm may put the job back by itself; absent where that is not known. */
  readonly requeues: boolean | undefined;
  /** What is known of a component of a heterogeneous job; absent for what is none. */
  readonly component?: ComponentMarks;
  /** Time between SIGTERM and SIGKILL when Slurm ends a job, in ms. */
  readonly killWaitMs: number;
}

/** Time in ms that ending a job may take beyond the wait between its two signals. */
const ENDING_SLACK_MS = 15_000;

/** States after which Slurm may run a job once more by itself. */
const RETURNING: ReadonlySet<SlurmState> = new Set(["BOOT_FAIL", "NODE_FAIL", "PREEMPTED"]);

interface EndingLine {
  readonly exitCode: number | undefined;
  readonly signal: number | undefined;
  readonly reason: string | undefined;
  readonly nodes: readonly string[];
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly mayReturn: boolean;
}

function ended(state: SlurmState, line: EndingLine): Sighting | undefined {
  const meaning = stateMeaning(state);
  if (meaning.kind !== "ended") return undefined;
  const { exitCode, reason, startedAt, endedAt } = line;
  const signal = line.signal ??
    (state === "FAILED" && exitCode !== undefined ? shellSignal(exitCode) : undefined);
  return {
    kind: "ended",
    phase: meaning.phase,
    state,
    ...(state === "COMPLETED" ? {} : { reason: reasonOf(state, reason, exitCode, signal) }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(signal === undefined ? {} : { signal }),
    nodes: line.nodes,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(line.mayReturn ? { mayReturn: true } : {}),
  };
}

/** Whether the payload itself, and not Slurm, brought about such an end: then its exit code tells all. */
function isPayloads(state: SlurmState): boolean {
  return state === "COMPLETED" || state === "FAILED";
}

function queuedEnding(state: SlurmState, line: SqueueJob): Sighting | undefined {
  return ended(state, {
    exitCode: isPayloads(state) ? line.exit?.exitCode : line.exit?.exitCode || undefined,
    signal: line.exit?.signal,
    reason: line.reason,
    nodes: expandNodeList(line.nodeList),
    startedAt: line.startedAt,
    endedAt: line.endedAt,
    // One that is to run again waits, and is never shown as ended.
    mayReturn: false,
  });
}

/**
 * The payload's exit code. Accounting takes 128 off a code of 128 and more, so only zero and what the
 * record confirms are known.
 */
function accountedCode(
  state: SlurmState,
  { exit }: SacctJob,
  record: ExitRecord | undefined,
): number | undefined {
  if (!isPayloads(state)) return record?.exitCode || undefined;
  if (exit === undefined || exit.exitCode === 0) return exit?.exitCode;
  return record !== undefined && record.exitCode % 128 === exit.exitCode
    ? record.exitCode
    : undefined;
}

function accountedEnding({ accounting, record, requeues }: Evidence): Sighting | undefined {
  if (accounting?.state === undefined) return undefined;
  const { state } = accounting;
  return ended(state, {
    exitCode: accountedCode(state, accounting, record),
    signal: accounting.exit?.signal,
    reason: accounting.reason,
    nodes: expandNodeList(accounting.nodeList),
    startedAt: accounting.startedAt,
    endedAt: accounting.endedAt,
    mayReturn: RETURNING.has(state) && requeues !== false,
  });
}

function living(job: SqueueJob): Sighting | undefined {
  if (job.state === undefined) return undefined;
  const reason = job.reason === undefined ? undefined : explainReason(job.reason);
  const shared = {
    state: job.state,
    ...(reason === undefined ? {} : { reason }),
    ...(job.restarts === undefined ? {} : { restarts: job.restarts }),
  };
  const meaning = stateMeaning(job.state);
  switch (meaning.kind) {
    case "waiting":
      return { kind: "waiting", ...shared };
    case "active":
      return {
        kind: "active",
        ...shared,
        nodes: expandNodeList(job.nodeList),
        ...(job.startedAt === undefined ? {} : { startedAt: job.startedAt }),
        ...(job.state === "COMPLETING" ? { completing: true } : {}),
      };
    case "ended":
      return queuedEnding(job.state, job);
  }
}

function missing(text: string): Sighting {
  return { kind: "missing", reason: { code: "LeftQueue", text } };
}

function unexplained(): Sighting {
  return missing(
    "It has left the queue, and neither the accounting nor a trace of its own tells how it ended.",
  );
}

function putBack(): Sighting {
  return missing(
    "It was put back into the queue and has left it since, and nothing tells how it ended.",
  );
}

/** The end that Slurm's words tell, with what the job's script recorded of it. */
function spoken(state: SlurmState, { record, words }: Evidence): Sighting {
  return ended(state, {
    exitCode: record?.exitCode || undefined,
    signal: undefined,
    reason: undefined,
    nodes: [],
    startedAt: record?.startedAt,
    endedAt: record?.endedAt ?? words?.end?.at,
    mayReturn: false,
  }) ?? unexplained();
}

/**
 * What follows from the words with which Slurm tells of a cancellation, and of a signal that somebody
 * sends to the whole job. Such a signal comes without SIGCONT, and the job may live on after it for longer
 * than Slurm lets a job live that was cancelled.
 */
function cancelled(evidence: Evidence, at: number): Sighting {
  const { record, words, killWaitMs } = evidence;
  if (record !== undefined && record.caught !== "CONT") return recorded(record);
  const latest = at + killWaitMs + ENDING_SLACK_MS;
  const livedAt = record?.endedAt ?? words?.wroteAt;
  return livedAt !== undefined && livedAt > latest ? unexplained() : spoken("CANCELLED", evidence);
}

/** What a job's own traces tell once it has left the queue, and accounting does not know its end. */
function traced(evidence: Evidence): Sighting {
  const { record, words, requeues } = evidence;
  switch (words?.end?.reason) {
    case "time_limit":
      return spoken("TIMEOUT", evidence);
    case "preemption":
      return requeues === false ? spoken("PREEMPTED", evidence) : putBack();
    case "node_failure":
      return requeues === false ? spoken("NODE_FAIL", evidence) : putBack();
    case "requeue":
      return putBack();
    case "cancelled":
      return cancelled(evidence, words.end.at);
    case undefined:
      // Slurm spoke for certain if it was Slurm that ended the job, so its words are lost.
      if (record?.caught === "CONT") return unexplained();
      if (words?.outOfMemory === true && record?.exitCode !== 0) {
        return spoken("OUT_OF_MEMORY", evidence);
      }
      return record === undefined ? unexplained() : recorded(record);
  }
}

/** Whether the end of a job that has left the queue depends on what Slurm said in its standard error. */
export function needsLastWords({ accounting, record }: Pick<Evidence, "accounting" | "record">) {
  if (accounting?.state !== undefined && stateMeaning(accounting.state).kind === "ended") {
    return false;
  }
  return record === undefined || record.caught === "CONT" || record.exitCode !== 0;
}

/**
 * The one thing that the evidence allows to say.
 *
 * The queue is believed first: it is Slurm's own word of now. A job that has left it is what accounting
 * says, once accounting knows its end. Without that, its own traces count: the record of its script, and
 * what Slurm wrote into its standard error when it ended the job. Where they leave a doubt the job is
 * missing. Of a component of a heterogeneous job its own record is believed before Slurm, which knows less.
 */
export function verdict(evidence: Evidence): Sighting {
  const { queue, component } = evidence;
  const slurm = queue === undefined ? accountedEnding(evidence) : queuedSighting(queue);
  return component === undefined
    ? slurm ?? traced(evidence)
    : componentVerdict(slurm, component, () => traced(evidence));
}

/** What the queue's line says of a job: as long as there is one, nothing else is looked at. */
export function queuedSighting(line: SqueueJob): Sighting {
  return living(line) ?? {
    kind: "missing",
    reason: {
      code: "UnknownState",
      text: `Slurm calls its state '${line.stateText}', which is not known.`,
    },
    queued: true,
  };
}
