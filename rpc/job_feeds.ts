/**
 * Events and output of jobs as async iterables.
 *
 * @module
 */

import type { z } from "zod";
import type {
  EventFilter,
  JobEvent,
  LogChunk,
  logRequestSchema,
  outputReadSchema,
} from "../model/mod.ts";
import { decodeBase64 } from "./base64.ts";
import type { SluiceClient } from "./client.ts";
import type { FeedHandlers, ResumeOptions } from "./resuming_feed.ts";
import { resumingFeed } from "./resuming_feed.ts";

/** How events are read. */
export interface JobEventsOptions extends ResumeOptions {
  /** Only events whose id is greater. Default: 0, the whole history. */
  readonly after?: number;
}

/** How output is read. */
export type JobLogsOptions = ResumeOptions;

/** What an event weighs, which is little unless it holds what was asked for. */
function eventBytes({ fact }: JobEvent): number {
  return fact.type === "accepted" ? JSON.stringify(fact.spec).length : 0;
}

/**
 * The events of jobs, each once and in order, over cut connections and restarts of the server. A feed of
 * one job ends with the job; any other goes on until the signal is aborted.
 *
 * @throws A `TRPCClientError` where a retry does not help: an unknown job, a wrong token.
 *
 * @example
 * ```ts
 * import { createSluiceClient, jobEvents } from "@sluice/sluice/client";
 *
 * const client = createSluiceClient({ url: "http://127.0.0.1:7878", token: "…" });
 * for await (const { jobId, fact } of jobEvents(client, {}, { after: 120 })) {
 *   console.log(jobId, fact.type);
 * }
 * ```
 */
export function jobEvents(
  client: SluiceClient,
  filter: { readonly [Key in keyof EventFilter]?: string } = {},
  options: JobEventsOptions = {},
): AsyncGenerator<JobEvent, void, undefined> {
  let after = options.after ?? 0;
  return resumingFeed<JobEvent, JobEvent>({
    subscribe: (handlers) => client.jobs.events.subscribe({ ...filter, after }, handlers),
    accept: (event) => {
      if (event.id <= after) return undefined;
      after = event.id;
      return event;
    },
    bytesOf: eventBytes,
  }, options);
}

/**
 * The events of a session itself, each once and in order, over cut connections and restarts of the server. The
 * feed ends with the session.
 *
 * @throws A `TRPCClientError` where a retry does not help: an unknown session, a wrong token.
 *
 * @example
 * ```ts
 * import { createSluiceClient, sessionEvents } from "@sluice/sluice/client";
 *
 * const client = createSluiceClient({ url: "http://127.0.0.1:7878", token: "…" });
 * const session = await client.sessions.open.mutate({ cluster: "dev", resources: { nodes: 2 } });
 * for await (const { fact } of sessionEvents(client, session.id)) console.log(fact.type);
 * ```
 */
export function sessionEvents(
  client: SluiceClient,
  id: string,
  options: JobEventsOptions = {},
): AsyncGenerator<JobEvent, void, undefined> {
  let after = options.after ?? 0;
  return resumingFeed<JobEvent, JobEvent>({
    subscribe: (handlers) => client.sessions.events.subscribe({ id, after }, handlers),
    accept: (event) => {
      if (event.id <= after) return undefined;
      after = event.id;
      return event;
    },
    bytesOf: eventBytes,
  }, options);
}

/** Raised where the bytes between two pieces of a job's output are missing. */
export class LogGapError extends Error {
  /** Name of the class. */
  override readonly name = "LogGapError";
  /** Stable code, as errors of the server have it. */
  readonly code = "LOG_GAP";
  /** Reading on would not bring the bytes back. */
  readonly retryable = false;
  /** What the user can do about it. */
  readonly next = "The file on the cluster may have been replaced; read it again from the start.";

  /**
   * Makes the error.
   *
   * @param expected Offset of the next byte wanted.
   * @param got Offset of the byte that came.
   */
  constructor(expected: number, got: number) {
    super(`The output jumps from byte ${expected} to byte ${got}.`);
  }
}

/**
 * The output of a job, every byte once and in order, over cut connections and restarts of the server.
 * With `follow`, the default, it ends when the job has ended and all is read.
 *
 * @throws A `TRPCClientError` where a retry does not help: an unknown job, a wrong token.
 * @throws {LogGapError} Where bytes are missing, as when the file was replaced on the cluster.
 *
 * @example
 * ```ts
 * import { createSluiceClient, jobLogs } from "@sluice/sluice/client";
 *
 * const client = createSluiceClient({ url: "http://127.0.0.1:7878", token: "…" });
 * const jobId = "0190a0e0-0000-7000-8000-000000000000";
 * for await (const { bytes } of jobLogs(client, { jobId, stream: "stderr" })) {
 *   await Deno.stderr.write(bytes);
 * }
 * ```
 */
export function jobLogs(
  client: SluiceClient,
  request: z.input<typeof logRequestSchema>,
  options: JobLogsOptions = {},
): AsyncGenerator<LogChunk, void, undefined> {
  return bytesFeed(
    request.offset ?? 0,
    (offset, handlers) => client.jobs.logs.subscribe({ ...request, offset }, handlers),
    options,
  );
}

/**
 * An output of a job that has ended, or a file in one that is a directory: every byte once and in order, over cut
 * connections and restarts of the server.
 *
 * @throws A `TRPCClientError` where a retry does not help: an unknown output, one that was not collected.
 * @throws {LogGapError} Where bytes are missing.
 *
 * @example
 * ```ts
 * import { createSluiceClient, jobOutput } from "@sluice/sluice/client";
 *
 * const client = createSluiceClient({ url: "http://127.0.0.1:7878", token: "…" });
 * const jobId = "0190a0e0-0000-7000-8000-000000000000";
 * using file = await Deno.create("model.bin");
 * for await (const { bytes } of jobOutput(client, { jobId, name: "model" })) {
 *   await file.write(bytes);
 * }
 * ```
 */
export function jobOutput(
  client: SluiceClient,
  request: z.input<typeof outputReadSchema>,
  options: JobLogsOptions = {},
): AsyncGenerator<LogChunk, void, undefined> {
  return bytesFeed(
    request.offset ?? 0,
    (offset, handlers) => client.jobs.output.subscribe({ ...request, offset }, handlers),
    options,
  );
}

interface WirePart {
  readonly offset: number;
  readonly base64: string;
}

/** A feed of bytes, which goes on behind the last that came. */
function bytesFeed(
  from: number,
  subscribe: (
    offset: number,
    handlers: FeedHandlers<WirePart>,
  ) => { unsubscribe(): void },
  options: ResumeOptions,
): AsyncGenerator<LogChunk, void, undefined> {
  let offset = from;
  return resumingFeed<WirePart, LogChunk>({
    subscribe: (handlers) => subscribe(offset, handlers),
    accept: (part) => {
      if (part.offset > offset) throw new LogGapError(offset, part.offset);
      const bytes = decodeBase64(part.base64).subarray(offset - part.offset);
      if (bytes.length === 0) return undefined;
      const chunk = { offset, bytes };
      offset += bytes.length;
      return chunk;
    },
    bytesOf: ({ bytes }) => bytes.length,
  }, options);
}
