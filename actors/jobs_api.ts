/**
 * What Sluice does with jobs.
 *
 * @module
 */

import {
  isFinal,
  jobListRequestSchema,
  jobSpecSchema,
  logRequestSchema,
  newJobId,
  parseInput,
} from "../model/mod.ts";
import type { JobId, JobMetrics, JobSpec, JobView, LogChunk, LogRequest } from "../model/mod.ts";
import { UnsupportedRequestError } from "../schedulers/mod.ts";
import type { Journal } from "../store/mod.ts";
import type { JobsApi } from "./api.ts";
import { ClusterUnreachableError } from "./cluster/mod.ts";
import type { OutputSizes } from "./cluster/mod.ts";
import { clusterOf } from "./clusters_api.ts";
import type { ClusterHandles } from "./clusters_api.ts";
import { JobNotEndedError, TaskError, UnknownJobError } from "./job/mod.ts";
import type { Reply } from "./kernel/mod.ts";

/** How long a submission may wait for the journal, in ms. */
const SUBMIT_TIMEOUT_MS = 60_000;
/** Most bytes of one piece of output. */
const CHUNK_BYTES = 1024 * 1024;

/** The part of Sluice that deals with jobs. */
export function jobsApi(handles: ClusterHandles, journal: Journal): JobsApi {
  const stored = (id: JobId) => {
    const job = journal.job(id);
    if (job === undefined) throw new UnknownJobError(id);
    return job;
  };

  /** Checks that the job could be sent as it is, before anything is kept of it. */
  const check = (spec: JobSpec): void => {
    clusterOf(handles, spec.cluster).planner.preview(newJobId(), spec);
  };

  const accept = async (specs: readonly JobSpec[]): Promise<readonly JobView[]> => {
    for (const spec of specs) check(spec);
    const groups = Map.groupBy(specs.entries(), ([, spec]) => spec.cluster);
    const accepted = await Promise.all([...groups].map(async ([cluster, entries]) => {
      const { ref } = clusterOf(handles, cluster);
      const views = await ref.ask(
        (reply: Reply<readonly JobView[]>) => ({
          type: "submit",
          specs: entries.map(([, spec]) => spec),
          reply,
        }),
        { timeoutMs: SUBMIT_TIMEOUT_MS },
      );
      return views.flatMap((view, index) => {
        const entry = entries[index];
        return entry === undefined ? [] : [[entry[0], view] as const];
      });
    }));
    return accepted.flat().toSorted(([a], [b]) => a - b).map(([, view]) => view);
  };

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
      const [view] = await accept([parseInput(jobSpecSchema, spec)]);
      if (view === undefined) throw new RangeError("one job was asked for and none accepted");
      return view;
    },
    submitMany: (specs) =>
      Promise.try(() => accept(specs.map((spec) => parseInput(jobSpecSchema, spec)))),
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
    async cancel(id, { task } = {}) {
      const { view } = stored(id);
      checkTask(view, task, false);
      const { config, ref } = clusterOf(handles, view.cluster);
      if (task !== undefined && config.type === "local") {
        throw new UnsupportedRequestError(
          "Cancelling one task of an array",
          "Cancel the whole array: leave `task` out.",
        );
      }
      if (!isFinal(view.phase)) {
        const answered = await ref.ask(
          (reply: Reply<JobView | undefined>) => ({ type: "cancel", jobId: id, task, reply }),
          { timeoutMs: SUBMIT_TIMEOUT_MS },
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
      checkTask(stored(request.jobId).view, request.task, true);
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
          job: { jobId: id, schedulerId },
          reply,
        }),
        { timeoutMs: SUBMIT_TIMEOUT_MS },
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
      if (over && view.submittedAt === undefined) return;
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
      { timeoutMs: SUBMIT_TIMEOUT_MS },
    );
  } catch (error) {
    if (error instanceof ClusterUnreachableError) return { stdout: undefined, stderr: undefined };
    throw error;
  }
}
