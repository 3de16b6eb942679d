/**
 * What Sluice does with jobs.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";
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
import type { JobId, JobMetrics, JobSummary, JobView, LogChunk, LogRequest } from "../model/mod.ts";
import { UnsupportedRequestError } from "../schedulers/mod.ts";
import type { Journal } from "../store/mod.ts";
import { Acceptance } from "./acceptance.ts";
import type { JobsApi } from "./api.ts";
import {
  ClusterRestartingError,
  ClusterUnreachableError,
  OutputReaderStoppedError,
  OutputRemovedError,
} from "./cluster/mod.ts";
import type { OutputQuestion, OutputSizes } from "./cluster/mod.ts";
import { askCluster, clusterOf } from "./cluster_handles.ts";
import type { ClusterHandle, ClusterHandles } from "./cluster_handles.ts";
import { JobNotEndedError, TaskError, UnknownJobError } from "./job/mod.ts";
import type { Clock } from "./kernel/mod.ts";

/** How long a cluster may take to answer, in ms. */
const ANSWER_TIMEOUT_MS = 60_000;
/** Wait before output is asked for again, after who reads it has failed, in ms. */
const READ_AGAIN_MS = 500;
/** Most bytes of output that are asked for at a time: a question costs a round trip. */
const READ_BYTES = 8 * 1024 * 1024;
/** Most bytes of one piece of output. */
const CHUNK_BYTES = 1024 * 1024;

/** The part of Sluice that deals with jobs. */
export function jobsApi(handles: ClusterHandles, journal: Journal, clock: Clock): JobsApi {
  const stored = (id: JobId) => {
    const job = journal.job(id);
    if (job === undefined) throw new UnknownJobError(id);
    return job;
  };

  /** What costs the same for an array of thousands of tasks as for one job. */
  const summary = (id: JobId) => {
    const job = journal.summary(id);
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
      const view = summary(id);
      checkTask(journal, view, how.task, false);
      const handle = clusterOf(handles, view.cluster);
      if (how.task !== undefined && handle.config.type === "local") {
        throw new UnsupportedRequestError(
          "Cancelling one task of an array",
          "Cancel the whole array: leave `task` out.",
        );
      }
      if (!isFinal(view.phase)) {
        const answered = await askCluster<JobView | undefined>(
          handle,
          (reply) => ({ type: "cancel", jobId: id, how, reply }),
          { timeoutMs: ANSWER_TIMEOUT_MS },
        );
        if (answered !== undefined) return { id, accepted: true, phase: answered.phase };
      }
      return { id, accepted: false, phase: summary(id).phase };
    },
    wait,
    events(filter, options) {
      if (filter.jobId !== undefined) summary(filter.jobId);
      return journal.jobFeed(filter, options);
    },
    logs(input, { signal } = {}) {
      const request = parseInput(logRequestSchema, input);
      const view = summary(request.jobId);
      checkTask(journal, view, request.task, true);
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
      const view = summary(id);
      const { schedulerId } = view;
      if (schedulerId === undefined) return { source: "none" };
      return await askCluster<JobMetrics>(
        clusterOf(handles, view.cluster),
        (reply) => ({
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
function checkTask(
  journal: Journal,
  { id, taskPhases }: JobSummary,
  task: number | undefined,
  needed: boolean,
): void {
  const known = task === undefined
    ? taskPhases === undefined || !needed
    : journal.task(id, task) !== undefined;
  if (known) return;
  throw new TaskError(id, task, journal.job(id)?.view.tasks?.map((part) => part.task));
}

/** Whether anything of the job can have run: its script may write before it is known to have been taken. */
function mayHaveWritten({ attempts, phase, submittedAt, tries }: JobSummary): boolean {
  return attempts.length > 0 || submittedAt !== undefined || (tries > 0 && !isFinal(phase));
}

/** One piece of output; `undefined` where who reads it failed, and is to be asked again. */
async function readOnce(
  handle: ClusterHandle,
  question: Omit<OutputQuestion, "reply">,
  patient: boolean,
): Promise<Uint8Array | undefined> {
  try {
    return await askCluster<Uint8Array>(
      handle,
      (reply) => ({ type: "read", patient, question: { ...question, reply } }),
      { timeoutMs: Infinity, signal: question.signal },
    );
  } catch (error) {
    const passing = error instanceof OutputReaderStoppedError ||
      error instanceof ClusterRestartingError;
    if (passing && patient) return undefined;
    throw error;
  }
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
      const view = journal.summary(jobId);
      if (view === undefined) return;
      const part = (task === undefined ? undefined : journal.task(jobId, task)) ?? view;
      // Asked before the bytes are: once it has ended, what is read after is all there is.
      const over = !follow || isFinal(part.phase);
      if (over && !mayHaveWritten(view)) return;
      const bytes = await readOnce(clusterOf(handles, view.cluster), {
        jobId,
        stream,
        task,
        offset,
        maxBytes: READ_BYTES,
        wait: !over,
        signal: ended,
      }, follow);
      if (bytes === undefined) {
        await delay(READ_AGAIN_MS, undefined, { signal: ended });
        continue;
      }
      if (bytes.length > 0) {
        for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
          const chunk = bytes.subarray(start, start + CHUNK_BYTES);
          yield { offset, bytes: chunk };
          offset += chunk.length;
        }
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
    return await askCluster<OutputSizes>(
      clusterOf(handles, view.cluster),
      (reply) => ({
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
