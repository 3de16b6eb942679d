/**
 * Jobs for people.
 *
 * @module
 */

import type { AttemptView, JobPhase, JobView, Reason, TaskView } from "../../model/mod.ts";
import { isFinal } from "../../model/mod.ts";
import type { Column } from "./table.ts";
import { fields, table } from "./table.ts";
import { spanText, timeText } from "./time.ts";

type Verdict = Pick<JobView, "phase" | "reason" | "exitCode" | "signal">;

/** The phase with what is known of its cause: `failed (exit status 3)`. */
export function phaseText(job: Verdict & { readonly unknownSince?: number | undefined }): string {
  const phase = job.phase.replace("_", " ");
  if (job.unknownSince !== undefined && !isFinal(job.phase)) return `${phase}, now unknown`;
  if (job.signal !== undefined) return `${phase} (signal ${job.signal})`;
  if (job.phase === "failed" && job.exitCode !== undefined && job.exitCode !== 0) {
    return `${phase} (exit status ${job.exitCode})`;
  }
  return job.reason === undefined || job.phase === "succeeded" ||
      job.reason.code.toLowerCase() === job.phase
    ? phase
    : `${phase} (${job.reason.code})`;
}

function nodesText(nodes: readonly string[]): string {
  return nodes.length > 3 ? `${nodes.slice(0, 2).join(",")} +${nodes.length - 2}` : nodes.join(",");
}

/** How long a job has run, or else waited. */
function ageText(job: Pick<JobView, "startedAt" | "endedAt" | "acceptedAt">, now: number): string {
  const from = job.startedAt ?? job.acceptedAt;
  return spanText((job.endedAt ?? now) - from);
}

/** A table of jobs. */
export function jobTable(jobs: readonly JobView[], now: number, columns?: number): string {
  const layout: readonly Column<JobView>[] = [
    { title: "ID", cell: ({ id }) => id },
    { title: "CLUSTER", cell: ({ cluster }) => cluster, shrinks: true },
    { title: "SCHED ID", cell: ({ schedulerId }) => schedulerId ?? "-" },
    { title: "NAME", cell: ({ name }) => name, shrinks: true },
    { title: "PHASE", cell: phaseText, shrinks: true },
    { title: "NODES", cell: ({ nodes }) => nodesText(nodes), shrinks: true },
    { title: "TIME", cell: (job) => ageText(job, now), align: "right" },
  ];
  return table(jobs, layout, columns);
}

function attemptTable(attempts: readonly AttemptView[], columns: number | undefined): string {
  return table(attempts, [
    { title: "ATTEMPT", cell: ({ attempt }) => String(attempt), align: "right" },
    { title: "SCHED ID", cell: ({ schedulerId }) => schedulerId ?? "-" },
    { title: "PHASE", cell: phaseText, shrinks: true },
    { title: "STATE", cell: ({ state }) => state ?? "-" },
    { title: "ENDED", cell: ({ endedAt }) => time(endedAt) ?? "-" },
  ], columns);
}

function taskTable(tasks: readonly TaskView[], columns: number | undefined): string {
  return table(tasks, [
    { title: "TASK", cell: ({ task }) => String(task), align: "right" },
    { title: "SCHED ID", cell: ({ schedulerId }) => schedulerId ?? "-" },
    { title: "PHASE", cell: phaseText, shrinks: true },
    { title: "STATE", cell: ({ state }) => state ?? "-" },
    { title: "NODES", cell: ({ nodes }) => nodesText(nodes), shrinks: true },
  ], columns);
}

function time(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : timeText(ms);
}

/** Everything that is known of a job. */
export function jobDetails(job: JobView, columns?: number): string {
  const labels = Object.entries(job.labels).map(([name, value]) => `${name}=${value}`);
  const about = fields([
    ["id", job.id],
    ["name", job.name],
    ["cluster", job.cluster],
    ["session", job.session],
    ["runs on", job.standing],
    ["scheduler id", job.schedulerId],
    ["phase", job.phase.replace("_", " ")],
    ["state", job.state],
    [
      "reason",
      job.reason === undefined ? undefined : `${job.reason.code}: ${job.reason.text}`,
    ],
    ["exit status", job.exitCode?.toString()],
    ["signal", job.signal?.toString()],
    ["attempt", job.attempt === 1 ? undefined : String(job.attempt)],
    ["next attempt", time(job.retryAt)],
    ["error", job.error === undefined ? undefined : `${job.error.code}: ${job.error.message}`],
    ["next", job.error?.next],
    [
      "unknown since",
      job.unknownSince === undefined
        ? undefined
        : `${timeText(job.unknownSince)}${
          job.unknownReason === undefined ? "" : ` (${job.unknownReason.text})`
        }`,
    ],
    ["cancel", job.cancelRequested && !isFinal(job.phase) ? "requested" : undefined],
    ["nodes", job.nodes.length === 0 ? undefined : job.nodes.join(",")],
    ["labels", labels.length === 0 ? undefined : labels.join(" ")],
    ["directory", job.directory],
    ["accepted", time(job.acceptedAt)],
    ["submitted", time(job.submittedAt)],
    ["started", time(job.startedAt)],
    ["ended", time(job.endedAt)],
    ["restarts", job.restarts === 0 ? undefined : String(job.restarts)],
    ["files removed", time(job.filesRemovedAt)],
  ]);
  return [
    about,
    ...(job.attempts.length === 0 ? [] : [attemptTable(job.attempts, columns)]),
    ...(job.tasks === undefined ? [] : [taskTable(job.tasks, columns)]),
  ].join("\n");
}

/** Whether what is told of the end of a job is a code for the reason, which is not clear by itself. */
function tellsReason({ phase, exitCode, signal }: Verdict): boolean {
  return phase === "failed" && signal === undefined && (exitCode ?? 0) === 0;
}

/** How a job ended, on one line: `job ID failed (exit status 3) after 12s`. */
export function endText(job: JobView): string {
  const ran = job.startedAt !== undefined && job.endedAt !== undefined
    ? ` after ${spanText(job.endedAt - job.startedAt)}`
    : "";
  const told = job.error?.message ?? (tellsReason(job) ? job.reason?.text : undefined);
  return `job ${job.id} ${phaseText(job)}${ran}${told === undefined ? "" : `: ${told}`}`;
}

/** What is known of a job while it is waited for. */
export interface Progress {
  /** Where it stands. */
  readonly phase: JobPhase;
  /** Names of its nodes. */
  readonly nodes: readonly string[];
  /** When it was accepted, in milliseconds since the epoch. */
  readonly acceptedAt: number;
  /** When it started, in milliseconds since the epoch. */
  readonly startedAt?: number | undefined;
  /** Why it waits. */
  readonly reason?: Reason | undefined;
  /** Why nothing is known of it now. */
  readonly unknown?: string | undefined;
}

/** What a job does now, on one line: `queued (Resources: …)  1m02s`. */
export function progressText(job: Progress, now: number): string {
  const reason = job.reason === undefined ? "" : ` (${job.reason.code}: ${job.reason.text})`;
  const nodes = job.nodes.length === 0 ? "" : ` on ${nodesText(job.nodes)}`;
  const unknown = job.unknown === undefined ? "" : `, now unknown: ${job.unknown}`;
  const span = spanText(now - (job.startedAt ?? job.acceptedAt));
  return `${job.phase}${nodes}${reason}${unknown}  ${span}`;
}
