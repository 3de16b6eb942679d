/**
 * Reading what a job writes.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";
import { isFinal } from "../model/mod.ts";
import type { JobSummary, LogChunk, LogRequest } from "../model/mod.ts";
import type { JobFile } from "../schedulers/mod.ts";
import type { Journal } from "../store/mod.ts";
import { ClusterRestartingError, OutputReaderStoppedError } from "./cluster/mod.ts";
import type { OutputQuestion } from "./cluster/mod.ts";
import { askCluster, clusterOf } from "./cluster_handles.ts";
import type { ClusterHandle, ClusterHandles } from "./cluster_handles.ts";

/** Wait before output is asked for again, after who reads it has failed, in ms. */
const READ_AGAIN_MS = 500;
/** Most bytes of output that are asked for at a time: a question costs a round trip. */
const READ_BYTES = 8 * 1024 * 1024;
/** Most bytes of one piece of output. */
const CHUNK_BYTES = 1024 * 1024;
/**
 * Who was given so many bytes is behind, and more are there: they are asked for before these are taken, so
 * that the cluster reads while this side works. Fewer are not worth it, nor is it then sure that there are.
 */
const AHEAD_FROM_BYTES = 1024 * 1024;

/** What of a job is read. */
export interface OutputRequest extends Pick<LogRequest, "jobId" | "offset" | "follow"> {
  /** Which of its files. */
  readonly stream: JobFile;
  /** Number of the array task or component, where there are such. */
  readonly task?: number | undefined;
}

/** What was read at one time. */
interface Piece {
  /** Undefined where who reads it failed, and is to be asked again. */
  readonly bytes: Uint8Array | undefined;
  /** Whether nothing can have been written since: behind no bytes there is nothing. */
  readonly over: boolean;
}

/** Whether anything of the job can have run: its script may write before it is known to have been taken. */
function mayHaveWritten({ attempts, phase, submittedAt, tries }: JobSummary): boolean {
  return attempts.length > 0 || submittedAt !== undefined || (tries > 0 && !isFinal(phase));
}

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

/**
 * What the job has written from the offset on, and what it writes until it ends, where it is followed. At
 * most two pieces are held however slow the reader is: the one that it takes, and the next.
 *
 * @param signal Ends it early, without an error.
 */
export async function* readOutput(
  handles: ClusterHandles,
  journal: Journal,
  request: OutputRequest,
  signal: AbortSignal | undefined,
): AsyncGenerator<LogChunk, void, void> {
  const { jobId, stream, task, follow } = request;
  const live = new AbortController();
  const ended = signal === undefined ? live.signal : AbortSignal.any([live.signal, signal]);

  /** Asks for the bytes behind the offset; undefined where there are none nor will be. */
  const ask = async (offset: number, ahead: boolean): Promise<Piece | undefined> => {
    const view = journal.summary(jobId);
    if (view === undefined) return undefined;
    const part = (task === undefined ? undefined : journal.task(jobId, task)) ?? view;
    // Asked before the bytes are: once it has ended, what is read after is all there is.
    const over = !follow || isFinal(part.phase);
    if (over && !mayHaveWritten(view)) return undefined;
    const bytes = await readOnce(clusterOf(handles, view.cluster), {
      jobId,
      stream,
      task,
      offset,
      maxBytes: READ_BYTES,
      wait: !over,
      ahead,
      signal: ended,
    }, follow);
    return { bytes, over };
  };

  let { offset } = request;
  let next: Promise<Piece | undefined> | undefined;
  try {
    while (!ended.aborted) {
      const piece = await (next ?? ask(offset, false));
      next = undefined;
      if (piece === undefined) return;
      const { bytes, over } = piece;
      if (bytes === undefined) {
        await delay(READ_AGAIN_MS, undefined, { signal: ended });
        continue;
      }
      if (bytes.length === 0) {
        if (over) return;
        continue;
      }
      if (bytes.length >= AHEAD_FROM_BYTES) {
        next = ask(offset + bytes.length, true);
        // Whoever leaves before it is waited for does not hear of its failure.
        next.catch(() => {});
      }
      for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
        const chunk = bytes.subarray(start, start + CHUNK_BYTES);
        yield { offset, bytes: chunk };
        offset += chunk.length;
      }
    }
  } catch (error) {
    if (!ended.aborted) throw error;
  } finally {
    live.abort();
  }
}
