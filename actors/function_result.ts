/**
 * What the function of a job has returned or raised.
 *
 * @module
 */

import { componentsOf, isFinal, parseResultFile, SluiceError } from "../model/mod.ts";
import type {
  FunctionEnd,
  JobFact,
  JobId,
  JobSpec,
  JobView,
  Returned,
  TaskView,
} from "../model/mod.ts";
import type { Journal } from "../store/mod.ts";
import { ClusterUnreachableError, OutputRemovedError } from "./cluster/mod.ts";
import { clusterOf } from "./cluster_handles.ts";
import type { ClusterHandles } from "./cluster_handles.ts";
import { UnknownJobError } from "./job/mod.ts";
import { readOutput } from "./job_output.ts";

/** Most bytes of a result that are brought here: what is larger belongs into a file. */
const MAX_RESULT_BYTES = 64 * 1024 * 1024;

/** Raised for a job that calls no function. */
export class NoFunctionError extends SluiceError {
  override readonly name: string = "NoFunctionError";

  /** Names the job. */
  constructor(jobId: JobId) {
    super({
      code: "FUNCTION_NOT_FOUND",
      message: `Job ${jobId} calls no function.`,
      next: "Ask with `jobs.wait` and `jobs.result` how it ended.",
    });
  }
}

/** Raised for a result that is too large to be brought here. */
export class ResultTooLargeError extends SluiceError {
  override readonly name: string = "ResultTooLargeError";

  /** Names the file that holds it. */
  constructor(jobId: JobId, file: string) {
    super({
      code: "RESULT_TOO_LARGE",
      message:
        `What the function of job ${jobId} returned is larger than ${MAX_RESULT_BYTES} bytes.`,
      next:
        `It is on the cluster in ${file}. Return less, or write a file and declare it as an output.`,
    });
  }
}

/** Raised for a result that is not as the job's own program leaves it. */
export class BrokenResultError extends SluiceError {
  override readonly name: string = "BrokenResultError";

  /** Names the file that holds it. */
  constructor(jobId: JobId, file: string) {
    super({
      code: "RESULT_BROKEN",
      message: `The result of job ${jobId} cannot be read: something else has written the file.`,
      next: `Look at the file on the cluster: ${file}`,
    });
  }
}

/** Whose result is wanted. */
export interface ResultPlace {
  readonly jobId: JobId;
  /** Number of the array task or component, where there are such. */
  readonly task: number | undefined;
}

/** Whether the job, or the component, calls a function. */
export function callsFunction(spec: JobSpec, task: number | undefined): boolean {
  const works = componentsOf(spec);
  const work = works.length === 1 ? spec : works[task ?? 0];
  return work?.payload.kind === "function";
}

/**
 * What a function has returned or raised; undefined where it has left nothing.
 *
 * @param patient Whether to wait for a connection where there is none. The job has ended then.
 */
export async function readResult(
  handles: ClusterHandles,
  journal: Journal,
  { jobId, task }: ResultPlace,
  patient: boolean,
  signal?: AbortSignal,
): Promise<Returned | undefined> {
  const view = journal.summary(jobId);
  if (view === undefined) throw new UnknownJobError(jobId);
  const file = () => clusterOf(handles, view.cluster).planner.paths(jobId, task).result;
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const request = { jobId, task, stream: "result", offset: 0, follow: patient } as const;
  let content = "";
  for await (const { offset, bytes } of readOutput(handles, journal, request, signal)) {
    if (offset + bytes.length > MAX_RESULT_BYTES) throw new ResultTooLargeError(jobId, file());
    try {
      content += decoder.decode(bytes, { stream: true });
    } catch {
      throw new BrokenResultError(jobId, file());
    }
  }
  signal?.throwIfAborted();
  if (content === "") return undefined;
  const returned = parseResultFile(content);
  if (returned === undefined) throw new BrokenResultError(jobId, file());
  return returned;
}

/** Whether the fact says that the payload has ended well, before the scheduler gives its verdict. */
function hasEndedWell(fact: JobFact, task: number | undefined): boolean {
  return fact.type === "exited" && fact.task === task && fact.exitCode === 0 &&
    fact.caught === undefined;
}

/** What a result that was read while there is a connection says; undefined where nothing can be said yet. */
async function readEarly(
  handles: ClusterHandles,
  journal: Journal,
  place: ResultPlace,
  signal: AbortSignal | undefined,
): Promise<Returned | undefined> {
  try {
    return await readResult(handles, journal, place, false, signal);
  } catch (error) {
    if (error instanceof ClusterUnreachableError) return undefined;
    throw error;
  }
}

/** The part of a job that a function's end is about. */
type Part = JobView | TaskView;

function endOf(jobId: JobId, part: Part, returned: Returned | undefined): FunctionEnd {
  const { phase, reason, exitCode, signal } = part;
  return {
    id: jobId,
    phase,
    reason,
    exitCode,
    signal,
    error: "error" in part ? part.error : undefined,
    returned,
  };
}

/**
 * Waits for the end of a function's job, and gives what the function returned or raised. It need not wait for the
 * scheduler's verdict: that the payload has ended with status 0 and without a signal is told by the job's own script,
 * and its result is there whole or not at all.
 */
export async function awaitResult(
  handles: ClusterHandles,
  journal: Journal,
  place: ResultPlace,
  signal: AbortSignal | undefined,
): Promise<FunctionEnd> {
  const { jobId, task } = place;
  const part = (): Part => {
    const found = task === undefined ? journal.job(jobId)?.view : journal.task(jobId, task);
    if (found === undefined) throw new UnknownJobError(jobId);
    return found;
  };
  if (!isFinal(part().phase)) {
    const feed = journal.jobFeed({ jobId }, signal === undefined ? {} : { signal });
    for await (const { fact } of feed) {
      if (fact.type === "ended" && (fact.task === undefined || fact.task === task)) break;
      if (!hasEndedWell(fact, task)) continue;
      const early = await readEarly(handles, journal, place, signal);
      if (early !== undefined) return endOf(jobId, part(), early);
    }
    signal?.throwIfAborted();
  }
  if (journal.summary(jobId)?.filesRemovedAt !== undefined) throw new OutputRemovedError(jobId);
  return endOf(jobId, part(), await readResult(handles, journal, place, true, signal));
}
