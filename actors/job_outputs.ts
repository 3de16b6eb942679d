/**
 * The outputs of jobs that have ended.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";
import { outputsOf } from "../launchers/mod.ts";
import { asSluiceError, componentsOf, isFinal, SluiceError } from "../model/mod.ts";
import type {
  JobId,
  JobOutput,
  LogChunk,
  OutputEntry,
  OutputRead,
  OutputRequest,
} from "../model/mod.ts";
import { checkPathBelow } from "../hosts/mod.ts";
import type { Journal } from "../store/mod.ts";
import { fetchedTree, fetchOutputs } from "../transfers/mod.ts";
import type { ClusterFiles, CollectedOutput, FetchedOutput } from "../transfers/mod.ts";
import type { FetchOptions } from "./api.ts";
import { OutputRemovedError } from "./cluster/mod.ts";
import { askCluster, clusterOf } from "./cluster_handles.ts";
import type { ClusterHandles } from "./cluster_handles.ts";
import { JobNotEndedError, TaskError, UnknownJobError } from "./job/mod.ts";
import { readOutput } from "./job_output.ts";

/** Raised for an output that the job does not have. */
export class UnknownOutputError extends SluiceError {
  override readonly name: string = "UnknownOutputError";

  /** Names the output and those that there are. */
  constructor(jobId: JobId, output: string, known: readonly string[]) {
    super({
      code: "OUTPUT_NOT_FOUND",
      message: `Job ${jobId} has no output ${JSON.stringify(output)}.`,
      next: known.length === 0
        ? "Declare `outputs` in the job's spec."
        : `Name one of: ${known.join(", ")}.`,
    });
  }
}

/** Raised for an output that is not there to be fetched. */
export class OutputNotCollectedError extends SluiceError {
  override readonly name: string = "OutputNotCollectedError";

  /** Names the output, and says what became of it. */
  constructor(jobId: JobId, { name, status, path }: JobOutput) {
    const became: Readonly<Record<JobOutput["status"], string>> = {
      collected: "is another kind of output",
      missing: "is missing",
      outside: "is a link that leads out of its directory",
      not_collected: "was not collected, since the job did not succeed",
    };
    super({
      code: "OUTPUT_NOT_COLLECTED",
      message: `The output ${JSON.stringify(name)} of job ${jobId} ${became[status]}: ${path}`,
      next:
        "See the job's standard error. With `collect: always` an output is collected of a job that fails too.",
    });
  }
}

/** Raised for a request of what only a directory has, of an output that is a file. */
export class OutputKindError extends SluiceError {
  override readonly name: string = "OutputKindError";

  /** Names the output and its kind. */
  constructor({ name, kind }: JobOutput) {
    super({
      code: "OUTPUT_KIND",
      message: `The output ${JSON.stringify(name)} is a ${kind}.`,
      next: "Leave `path` out.",
    });
  }
}

/** How long a cluster may take to say how its files are read, in ms. */
const ANSWER_TIMEOUT_MS = 60_000;
/** How often a file is asked for when the line is cut, without a byte in between, and the wait, in ms. */
const MOST_TRIES = 30;
const AGAIN_MS = 1_000;

/** The outputs of jobs that have ended. */
export class JobOutputs {
  readonly #handles: ClusterHandles;
  readonly #journal: Journal;
  readonly #againMs: number;

  /**
   * Reads over the clusters' connections.
   *
   * @param againMs The wait before a file is asked for again when the line was cut, in ms. Default: 1,000.
   */
  constructor(handles: ClusterHandles, journal: Journal, againMs = AGAIN_MS) {
    this.#handles = handles;
    this.#journal = journal;
    this.#againMs = againMs;
  }

  /**
   * What became of the outputs of a job, or of one of its tasks; `undefined` where it has tasks and none is named.
   *
   * @throws {SluiceError} The job or task has not ended, or the cluster cannot be asked.
   */
  async list(
    id: JobId,
    task: number | undefined,
    signal?: AbortSignal,
  ): Promise<JobOutput[] | undefined> {
    const stored = this.#journal.job(id);
    if (stored === undefined) throw new UnknownJobError(id);
    const { view, spec } = stored;
    const part = task === undefined ? view : view.tasks?.find((one) => one.task === task);
    if (part === undefined) {
      throw new TaskError(id, task, view.tasks?.map((one) => one.task));
    }
    if (!isFinal(part.phase)) throw new JobNotEndedError(id, part.phase);
    if (task === undefined && view.tasks !== undefined) return undefined;
    const component = view.components === true ? task : undefined;
    const work = componentsOf(spec)[component ?? 0] ?? spec;
    const { outputs, workingDirectory } = work;
    if (Object.keys(outputs).length === 0) return [];
    if (view.filesRemovedAt !== undefined) throw new OutputRemovedError(id);
    const request = { jobId: id, stream: "manifest", task, offset: 0, follow: false } as const;
    const pieces: Uint8Array[] = [];
    for await (const { bytes } of readOutput(this.#handles, this.#journal, request, signal)) {
      pieces.push(bytes);
    }
    signal?.throwIfAborted();
    const manifest = await new Blob(pieces.map((bytes) => new Uint8Array(bytes))).bytes();
    const terms = { outputs, workingDirectory, component };
    return outputsOf(terms, manifest, view.directory, component === undefined ? task : undefined);
  }

  /** See JobsApi.output. */
  async *read(request: OutputRead, signal: AbortSignal | undefined): AsyncGenerator<LogChunk> {
    const { jobId, path: within } = request;
    const output = await this.#collected(request, signal);
    if (output.kind === "file" && within !== undefined) throw new OutputKindError(output);
    let { offset } = request;
    const content = output.kind === "directory" && within === undefined
      ? this.#archive(jobId, output.path, offset, signal)
      : this.#file(
        jobId,
        within === undefined ? output.path : `${output.path}/${inDirectory(within)}`,
        offset,
        signal,
      );
    for await (const bytes of content) {
      yield { offset, bytes };
      offset += bytes.length;
    }
  }

  /** See JobsApi.outputEntries. */
  async entries(
    request: OutputRequest,
    signal: AbortSignal | undefined,
  ): Promise<readonly OutputEntry[]> {
    const output = await this.#collected(request, signal);
    if (output.kind !== "directory") throw new OutputKindError(output);
    const { signal: never } = new AbortController();
    const files = await this.#files(request.jobId);
    try {
      return await files.list(output.path, signal ?? never);
    } catch (error) {
      signal?.throwIfAborted();
      throw this.#failure(request.jobId, error);
    }
  }

  /** See JobsApi.fetch. */
  async fetch(id: JobId, options: FetchOptions): Promise<readonly FetchedOutput[]> {
    const { to, names, task, onProgress, signal } = options;
    const outputs = await this.list(id, task, signal);
    if (outputs === undefined) throw this.#taskNeeded(id);
    const wanted = names === undefined
      ? outputs.flatMap((output) => output.status === "collected" ? [output] : [])
      : names.map((name) => collected(id, outputs, name));
    const source = {
      file: ({ path }: CollectedOutput) => this.#file(id, path, 0, signal),
      tree: ({ path }: CollectedOutput) =>
        fetchedTree((ended) => this.#archive(id, path, 0, ended), signal),
    };
    return await fetchOutputs(wanted, source, to, onProgress, signal);
  }

  async #collected(
    { jobId, name, task }: OutputRequest,
    signal: AbortSignal | undefined,
  ): Promise<CollectedOutput> {
    const outputs = await this.list(jobId, task, signal);
    if (outputs === undefined) throw this.#taskNeeded(jobId);
    return collected(jobId, outputs, name);
  }

  #taskNeeded(id: JobId): TaskError {
    return new TaskError(id, undefined, this.#journal.job(id)?.view.tasks?.map(({ task }) => task));
  }

  #file(jobId: JobId, path: string, from: number, signal: AbortSignal | undefined) {
    return this.#bytes(jobId, from, (files, at, ended) => files.open(path, at, ended), signal);
  }

  #archive(jobId: JobId, path: string, from: number, signal: AbortSignal | undefined) {
    return this.#bytes(jobId, from, (files, at, ended) => files.archive(path, at, ended), signal);
  }

  /** Bytes of the cluster; where the line is cut, they go on where they broke off once there is one again. */
  async *#bytes(
    jobId: JobId,
    from: number,
    open: (
      files: ClusterFiles,
      offset: number,
      ended: AbortSignal,
    ) => Promise<ReadableStream<Uint8Array>>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array> {
    const leaving = new AbortController();
    const ended = signal === undefined ? leaving.signal : AbortSignal.any([leaving.signal, signal]);
    let offset = from;
    let tries = 0;
    try {
      for (;;) {
        try {
          const files = await this.#files(jobId);
          for await (const bytes of await open(files, offset, ended)) {
            tries = 0;
            offset += bytes.length;
            yield bytes;
          }
          return;
        } catch (cause) {
          signal?.throwIfAborted();
          const error = this.#failure(jobId, cause);
          tries += 1;
          if (!error.retryable || tries >= MOST_TRIES) throw error;
          await delay(this.#againMs, undefined, { signal: ended });
        }
      }
    } finally {
      leaving.abort();
    }
  }

  /** What went wrong: nothing can be read any more of what was removed meanwhile. */
  #failure(jobId: JobId, cause: unknown): SluiceError {
    const removed = this.#journal.summary(jobId)?.filesRemovedAt !== undefined;
    return removed ? new OutputRemovedError(jobId) : asSluiceError(cause);
  }

  #files(jobId: JobId): Promise<ClusterFiles> {
    const view = this.#journal.summary(jobId);
    if (view === undefined) throw new UnknownJobError(jobId);
    return askCluster<ClusterFiles>(
      clusterOf(this.#handles, view.cluster),
      (reply) => ({ type: "files", reply }),
      { timeoutMs: ANSWER_TIMEOUT_MS },
    );
  }
}

function collected(
  jobId: JobId,
  outputs: readonly JobOutput[],
  name: string,
): CollectedOutput {
  const output = outputs.find((one) => one.name === name);
  if (output === undefined) {
    throw new UnknownOutputError(jobId, name, outputs.map((one) => one.name));
  }
  if (output.status !== "collected") throw new OutputNotCollectedError(jobId, output);
  return output;
}

/**
 * The path of a file in a directory.
 *
 * @throws {UnsafePathError} It could lead out of it.
 */
function inDirectory(path: string): string {
  checkPathBelow(path);
  return path;
}
