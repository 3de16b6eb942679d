/**
 * What Sluice does with jobs.
 *
 * @module
 */

import {
  attemptId,
  cancelOptionsSchema,
  isFinal,
  jobListRequestSchema,
  jobSpecSchema,
  logRequestSchema,
  newJobId,
  parseInput,
} from "../model/mod.ts";
import type { JobId, JobMetrics, JobView, LogChunk, LogRequest } from "../model/mod.ts";
import { UnsupportedRequestError } from "../schedulers/mod.ts";
import type { Journal } from "../store/mod.ts";
import { Acceptance } from "./acceptance.ts";
import type { JobsApi } from "./api.ts";
import { ClusterUnreachableError, OutputRemovedError } from "./cluster/mod.ts";
import type { OutputSizes } from "./cluster/mod.ts";
import { clusterOf } from "./clusters_api.ts";
import type { ClusterHandles } from "./clusters_api.ts";
import { JobNotEndedError, TaskError, UnknownJobError } from "./job/mod.ts";
import type { Clock, Reply } from "./kernel/mod.ts";

/** How long a cluster may take to answer, in ms. */
const ANSWER_TIMEOUT_MS = 60_000;
/** Most bytes of one piece of output. */
const CHUNK_BYTES = 1024 * 1024;

/** The part of Sluice that deals with jobs. */
export function jobsApi(handles: ClusterHandles, journal: Journal, clock: Clock): JobsApi {
  const stored = (id: JobId) => {
    const job = journal.job(id);
    if (job === undefined) throw new UnknownJobError(id);
    return job;
  };

  const acceptance = new Acceptance(handles, journal, clock);

  const wait: JobsApi["wait"] = async (id, { timeoutMs, signal } = {}) => {
    const after = journal.lastEventId();
    const { view } = stored(id);
    if (isFinal(view.phase)) return view;
    const signals = [
      ...(signal === undefined ? [] : [signal]),
      ...(timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)]),
    ];
    // The feed of one job ends with the job.
    const feed = journal.jobFeed({ jobId: id }, { after, signal: AbortSignal.any(signals) });
    for await (const _ of feed);
    signal?.throwIfAborted();
    return stored(id).view;
  };

  return {
    async submit(spec) {
      const [view] = await acceptance.accept([parseInput(jobSpecSchema, spec)]);
      if (view === undefined) throw new RangeError("one job was asked for and none accepted");
      return view;
    },
    submitMany: (specs) =>
      Promise.try(() => acceptance.accept(specs.map((spec) => parseInput(jobSpecSchema, spec)))),
    preview: (input) =>
      Promise.try(() => {
        const spec = parseInput(jobSpecSchema, input);
        return clusterOf(handles, spec.cluster).planner.preview(newJobId(), spec);
      }),
    get: (id) =>
      Promise.try(() => {
        const { view, spec } = stored(id);
        return { ...view, spec };
      }),
    list: (request = {}) =>
      Promise.try(() => journal.jobs(parseInput(jobListRequestSchema, request))),
    async cancel(id, input = {}) {
      const how = parseInput(cancelOptionsSchema, input);
      const { view } = stored(id);
      checkTask(view, how.task, false);
      const { config, ref } = clusterOf(handles, view.cluster);
      if (how.task !== undefined && config.type === "local") {
        throw new UnsupportedRequestError(
          "Cancelling one task of an array",
          "Cancel the whole array: leave `task` out.",
        );
      }
      if (!isFinal(view.phase)) {
        const answered = await ref.ask(
          (reply: Reply<JobView | undefined>) => ({ type: "cancel", jobId: id, how, reply }),
          { timeoutMs: ANSWER_TIMEOUT_MS },
        );
        if (answered !== undefined) return { id, accepted: true, phase: answered.phase };
      }
      return { id, accepted: false, phase: stored(id).view.phase };
    },
    wait,
    events(filter, options) {
      if (filter.jobId !== undefined) stored(filter.jobId);
      return journal.jobFeed(filter, options);
    },
    logs(input, { signal } = {}) {
      const request = parseInput(logRequestSchema, input);
      const { view } = stored(request.jobId);
      checkTask(view, request.task, true);
      if (view.filesRemovedAt !== undefined) throw new OutputRemovedError(view.id);
      return readOutput(handles, journal, request, signal);
    },
    async result(id) {
      const { view } = stored(id);
      const { phase } = view;
      if (!isFinal(phase)) throw new JobNotEndedError(id, phase);
      return {
        id,
        phase,
        state: view.state,
        reason: view.reason,
        exitCode: view.exitCode,
        signal: view.signal,
        error: view.error,
        startedAt: view.startedAt,
        endedAt: view.endedAt,
        outputBytes: view.tasks === undefined ? await outputSizes(handles, view) : {},
        tasks: view.tasks,
      };
    },
    async metrics(id) {
      const { view } = stored(id);
      const { schedulerId } = view;
      if (schedulerId === undefined) return { source: "none" };
      return await clusterOf(handles, view.cluster).ref.ask(
        (reply: Reply<JobMetrics>) => ({
          type: "metrics",
          job: { attemptId: attemptId(id, view.attempt), schedulerId },
          reply,
        }),
        { timeoutMs: ANSWER_TIMEOUT_MS },
      );
    },
  };
}

/**
 * Checks that a task is named where there are tasks, and only there.
 *
 * @param needed Whether an array needs one to be named.
 */
function checkTask(view: JobView, task: number | undefined, needed: boolean): void {
  const tasks = view.tasks?.map((part) => part.task);
  const known = task === undefined
    ? tasks === undefined || !needed
    : tasks?.includes(task) ?? false;
  if (!known) throw new TaskError(view.id, task, tasks);
}

/** Whether anything of the job can have run: its script may write before it is known to have been taken. */
function mayHaveWritten({ attempts, phase, submittedAt, tries }: JobView): boolean {
  return attempts.length > 0 || submittedAt !== undefined || (tries > 0 && !isFinal(phase));
}

async function* readOutput(
  handles: ClusterHandles,
  journal: Journal,
  request: LogRequest,
  signal: AbortSignal | undefined,
): AsyncGenerator<LogChunk, void, void> {
  const { jobId, stream, task, follow } = request;
  const live = new AbortController();
  const ended = signal === undefined ? live.signal : AbortSignal.any([live.signal, signal]);
  let { offset } = request;
  try {
    while (!ended.aborted) {
      const view = journal.job(jobId)?.view;
      if (view === undefined) return;
      const part = view.tasks?.find((one) => one.task === task) ?? view;
      // Asked before the bytes are: once it has ended, what is read after is all there is.
      const over = !follow || isFinal(part.phase);
      if (over && !mayHaveWritten(view)) return;
      const bytes = await clusterOf(handles, view.cluster).ref.ask<Uint8Array>(
        (reply) => ({
          type: "read",
          patient: follow,
          question: {
            jobId,
            stream,
            task,
            offset,
            maxBytes: CHUNK_BYTES,
            wait: !over,
            reply,
            signal: ended,
          },
        }),
        { timeoutMs: Infinity, signal: ended },
      );
      if (bytes.length > 0) {
        yield { offset, bytes };
        offset += bytes.length;
      } else if (over) return;
    }
  } catch (error) {
    if (!ended.aborted) throw error;
  } finally {
    live.abort();
  }
}

async function outputSizes(handles: ClusterHandles, view: JobView): Promise<OutputSizes> {
  try {
    return await clusterOf(handles, view.cluster).ref.ask(
      (reply: Reply<OutputSizes>) => ({
        type: "output_size",
        jobId: view.id,
        reply,
      }),
      { timeoutMs: ANSWER_TIMEOUT_MS },
    );
  } catch (error) {
    if (error instanceof ClusterUnreachableError) return { stdout: undefined, stderr: undefined };
    throw error;
  }
}
