/**
 * What Sluice does with jobs.
 *
 * @module
 */

import type { LocalEnvironments } from "../environments/mod.ts";
import {
  cancelOptionsSchema,
  isFinal,
  jobListRequestSchema,
  jobSpecSchema,
  logRequestSchema,
  newJobId,
  outputReadSchema,
  outputRequestSchema,
  packedSoftware,
  parseInput,
  withEnvironments,
} from "../model/mod.ts";
import type {
  JobId,
  JobMetrics,
  JobSpec,
  JobSummary,
  JobView,
  SentEnvironment,
} from "../model/mod.ts";
import { UnsupportedRequestError } from "../schedulers/mod.ts";
import { withDefaults } from "../slurm/mod.ts";
import type { Journal } from "../store/mod.ts";
import { expectedPlace } from "./session/mod.ts";
import type { Acceptance } from "./acceptance.ts";
import type { JobsApi } from "./api.ts";
import { ClusterUnreachableError, OutputRemovedError } from "./cluster/mod.ts";
import type { OutputSizes } from "./cluster/mod.ts";
import { askCluster, clusterOf } from "./cluster_handles.ts";
import type { ClusterHandles } from "./cluster_handles.ts";
import { awaitResult, callsFunction, NoFunctionError, readResult } from "./function_result.ts";
import { JobNotEndedError, TaskError, UnknownJobError } from "./job/mod.ts";
import { readOutput } from "./job_output.ts";
import { meteredJob } from "./metered_job.ts";
import { JobOutputs } from "./job_outputs.ts";

/** How long a cluster may take to answer, in ms. */
const ANSWER_TIMEOUT_MS = 60_000;

/** The part of Sluice that deals with jobs. */
export function jobsApi(
  handles: ClusterHandles,
  journal: Journal,
  acceptance: Acceptance,
  environments: Pick<LocalEnvironments, "present">,
): JobsApi {
  const outputs = new JobOutputs(handles, journal);
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
    submitMany: (specs, { defaults } = {}) =>
      Promise.try(() => {
        const call = parseInput(jobSpecSchema.shape.defaults, defaults);
        return acceptance.accept(
          specs.map((spec) => withCallDefaults(parseInput(jobSpecSchema, spec), call)),
        );
      }),
    async preview(input) {
      const spec = parseInput(jobSpecSchema, input);
      const { planner, config } = clusterOf(handles, spec.cluster);
      const place = expectedPlace(spec, config);
      return planner.preview(newJobId(), await asIfSent(spec, environments), place);
    },
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
    async result(id, { task } = {}) {
      const { view, spec } = stored(id);
      checkTask(journal, view, task, false);
      const part = (task === undefined ? undefined : journal.task(id, task)) ?? view;
      const { phase } = part;
      if (!isFinal(phase)) throw new JobNotEndedError(id, phase);
      const whole = task === undefined && view.tasks !== undefined;
      const returns = !whole && callsFunction(spec, task) && view.filesRemovedAt === undefined;
      // Asked together, so that they travel together.
      const [outputBytes, returned, made] = await Promise.all([
        view.tasks === undefined ? outputSizes(handles, view) : {},
        returns ? readResult(handles, journal, { jobId: id, task }, false) : undefined,
        whereReachable(outputs.list(id, task)),
      ]);
      return {
        id,
        phase,
        state: part.state,
        reason: part.reason,
        exitCode: part.exitCode,
        signal: part.signal,
        error: view.error,
        startedAt: part.startedAt,
        endedAt: part.endedAt,
        outputBytes,
        returned,
        tasks: whole ? view.tasks : undefined,
        outputs: made,
      };
    },
    async returned(id, { task, signal } = {}) {
      const { view, spec } = stored(id);
      checkTask(journal, view, task, true);
      if (!callsFunction(spec, task)) throw new NoFunctionError(id);
      return await awaitResult(handles, journal, { jobId: id, task }, signal);
    },
    fetch: (id, options) => outputs.fetch(id, options),
    output: (request, { signal } = {}) =>
      outputs.read(parseInput(outputReadSchema, request), signal),
    outputEntries: (request, { signal } = {}) =>
      outputs.entries(parseInput(outputRequestSchema, request), signal),
    async metrics(id) {
      const { view } = stored(id);
      const job = meteredJob(view);
      if (job === undefined) return { source: "none", hints: [] };
      return await askCluster<JobMetrics>(
        clusterOf(handles, view.cluster),
        (reply) => ({ type: "metrics", job, reply }),
        { timeoutMs: ANSWER_TIMEOUT_MS },
      );
    },
  };
}

/**
 * The job with the environments that would be sent for it now, up to the first that a command has yet to make.
 *
 * @throws {SluiceError} An archive cannot be sent.
 */
async function asIfSent(
  spec: JobSpec,
  environments: Pick<LocalEnvironments, "present">,
): Promise<JobSpec> {
  const { signal } = new AbortController();
  const known: SentEnvironment[] = [];
  for (const software of packedSoftware(spec)) {
    const archive = await environments.present(software, signal);
    if (archive === undefined) break;
    const { sha256, platform } = archive;
    known.push(platform === undefined ? { sha256 } : { sha256, platform });
  }
  return withEnvironments(spec, known);
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

/** The spec with the defaults of the call that submits it, below its own. */
function withCallDefaults(spec: JobSpec, call: JobSpec["defaults"]): JobSpec {
  if (call === undefined) return spec;
  return { ...spec, defaults: withDefaults(spec.defaults ?? {}, call, []) };
}

/** What the cluster says; `undefined` where it cannot be asked, or has removed it. */
async function whereReachable<Answer>(asked: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await asked;
  } catch (error) {
    const silent = error instanceof ClusterUnreachableError || error instanceof OutputRemovedError;
    if (silent) return undefined;
    throw error;
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
