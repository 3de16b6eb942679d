/**
 * Staying with a job until it has ended.
 *
 * @module
 */

import type { JobEvent, JobId, JobView, OutputStream } from "../model/mod.ts";
import type { SluiceClient } from "../rpc/mod.ts";
import { jobEvents, jobLogs } from "../rpc/mod.ts";
import type { Progress } from "./format/job.ts";
import { progressText } from "./format/job.ts";
import { ProgressLine } from "./progress_line.ts";
import type { Terminal } from "./terminal.ts";

/** How a job is stayed with. */
export interface WatchOptions {
  /** Copies the job's output to this command's, stream by stream. */
  readonly follow: boolean;
}

/** What is known of the job after one more event; tasks of an array are left to the server's sum. */
function after(before: Progress, { fact, at }: JobEvent): Progress {
  switch (fact.type) {
    case "staging":
    case "submitting":
      return { ...before, phase: fact.type };
    case "queued":
      return { ...before, phase: "queued", nodes: [], reason: fact.reason, startedAt: undefined };
    case "running":
      return {
        ...before,
        phase: "running",
        nodes: fact.nodes,
        reason: fact.reason,
        startedAt: fact.startedAt ?? at,
      };
    case "ended":
      return fact.task === undefined ? { ...before, phase: fact.phase } : before;
    case "attempt_ended":
      return { ...before, phase: "accepted", nodes: [], reason: fact.reason, startedAt: undefined };
    case "unknown":
      return { ...before, unknown: fact.reason.text };
    case "known":
      return { ...before, unknown: undefined };
    case "accepted":
    case "staged":
    case "submitted":
    case "exited":
    case "message":
    case "cancel_requested":
    case "signalled":
    case "node_failed":
    case "node_recovered":
    case "session_expiring":
    case "session_closing":
    case "cluster_up":
    case "cluster_down":
      return before;
  }
}

/**
 * Waits until the job has ended, with a progress line, and its output where that is asked for.
 *
 * @returns The job as it ended, or `undefined` when the user interrupted the waiting: the job goes on.
 */
export async function watchJob(
  client: SluiceClient,
  job: JobView,
  options: WatchOptions,
  terminal: Terminal,
): Promise<JobView | undefined> {
  let state: Progress = { phase: job.phase, nodes: job.nodes, acceptedAt: job.acceptedAt };
  let lost = false;
  let failure: unknown;
  const stop = new AbortController();
  const release = terminal.onInterrupt(() => stop.abort());
  const { signal } = stop;
  let interrupted = false;
  await using progress = new ProgressLine(
    terminal,
    () => lost ? "the server does not answer; trying again" : progressText(state, terminal.now()),
  );

  const onReconnect = () => {
    if (lost) return;
    lost = true;
    if (terminal.errIsTerminal) return;
    progress.write("err", "the server does not answer; trying again\n").catch((error: unknown) => {
      failure = error;
      stop.abort();
    });
  };
  const follow = async (stream: OutputStream) => {
    const to = stream === "stdout" ? "out" : "err";
    for await (
      const { bytes } of jobLogs(client, { jobId: job.id, stream }, { signal, onReconnect })
    ) {
      lost = false;
      await progress.write(to, bytes);
    }
  };
  const events = async () => {
    for await (const event of jobEvents(client, { jobId: job.id }, { signal, onReconnect })) {
      lost = false;
      state = after(state, event);
      await progress.refresh();
    }
  };

  const work = [events(), ...options.follow ? [follow("stdout"), follow("stderr")] : []];
  try {
    await Promise.all(work);
    if (failure !== undefined) throw failure;
    interrupted = signal.aborted;
  } finally {
    stop.abort();
    await Promise.allSettled(work);
    release();
  }
  return interrupted ? undefined : await client.jobs.get.query({ id: job.id });
}

/** What is said when the waiting ends before the job. */
export function detachedText(id: JobId): string {
  return `\nThe job goes on.\n  follow it:  sluice logs -f ${id}\n  cancel it:  sluice cancel ${id}\n`;
}
