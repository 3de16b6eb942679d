/**
 * What the queue, the accounting and the job's own record say together of one job. Pure.
 *
 * @module
 */

import { expandNodeList, explainReason, stateMeaning } from "../../slurm/mod.ts";
import type { SacctJob, SlurmState, SqueueJob } from "../../slurm/mod.ts";
import { reasonOf, recorded, shellSignal } from "../endings.ts";
import type { ExitRecord } from "../exit_record.ts";
import type { Sighting } from "../scheduler.ts";

/** Everything that is known of a job or an array task at one moment. */
export interface Evidence {
  /** The queue's line, where the queue has one. */
  readonly queue: SqueueJob | undefined;
  /** The accounting's line. Not looked at while the queue has one. */
  readonly accounting: SacctJob | undefined;
  /** What the job's script left at its end. */
  readonly record: ExitRecord | undefined;
}

function ending(
  state: SlurmState,
  line: Pick<SqueueJob, "exit" | "reason" | "nodeList" | "startedAt" | "endedAt">,
): Sighting | undefined {
  const meaning = stateMeaning(state);
  if (meaning.kind !== "ended") return undefined;
  const byPayload = state === "COMPLETED" || state === "FAILED";
  const exitCode = byPayload ? line.exit?.exitCode : line.exit?.exitCode || undefined;
  const signal = line.exit?.signal ??
    (state === "FAILED" && exitCode !== undefined ? shellSignal(exitCode) : undefined);
  return {
    kind: "ended",
    phase: meaning.phase,
    state,
    ...(state === "COMPLETED" ? {} : { reason: reasonOf(state, line.reason, exitCode, signal) }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(signal === undefined ? {} : { signal }),
    nodes: expandNodeList(line.nodeList),
    ...(line.startedAt === undefined ? {} : { startedAt: line.startedAt }),
    ...(line.endedAt === undefined ? {} : { endedAt: line.endedAt }),
  };
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
      };
    case "ended":
      return ending(job.state, job);
  }
}

function missing(code: string, text: string): Sighting {
  return { kind: "missing", reason: { code, text } };
}

/**
 * The one thing that the evidence allows to say.
 *
 * The queue is believed first: it is Slurm's own word of now. A job that has left it is what accounting
 * says, once accounting knows its end. Without that, the record of the job's script counts, unless a
 * signal had reached the script: then only Slurm could say whether it was a time limit, a cancellation
 * or a preemption, and the job is missing until it does.
 */
export function verdict({ queue, accounting, record }: Evidence): Sighting {
  if (queue !== undefined) {
    return living(queue) ??
      missing("UnknownState", `Slurm calls its state '${queue.stateText}', which is not known.`);
  }
  if (accounting?.state !== undefined) {
    const end = ending(accounting.state, accounting);
    if (end !== undefined) return end;
  }
  if (record !== undefined && record.caught === undefined) return recorded(record);
  return missing(
    "LeftQueue",
    "It has left the queue, and neither the accounting nor a record of its own tells how it ended.",
  );
}
