/**
 * The typed client. Runs in Deno, in Node from version 20 on, and in browsers.
 *
 * @module
 */

import type { TRPCClient } from "@trpc/client";
import { createTRPCClient, httpSubscriptionLink, splitLink } from "@trpc/client";
import { EventSource } from "eventsource";
import { callLink } from "./call_link.ts";
import type { AppRouter } from "./router.ts";

export { clientErrorInfo } from "./client_error.ts";
export type { JobEventsOptions, JobLogsOptions } from "./job_feeds.ts";
export { jobEvents, jobLogs, jobOutput, sessionEvents } from "./job_feeds.ts";
export type { AppRouter } from "./router.ts";
export {
  ArgumentsNotJsonError,
  FunctionCancelledError,
  FunctionEnvironmentError,
  FunctionError,
  FunctionImportError,
  FunctionInterpreterError,
  FunctionJobFailedError,
  FunctionMissingError,
  FunctionNotRunError,
  FunctionTimedOutError,
  ModuleFileError,
  NoResultError,
  pythonFunction,
  RemoteError,
  RemoteFunctionError,
  ResultMismatchError,
  ResultNotJsonError,
  tsFunction,
} from "../functions/mod.ts";
export type {
  AnyFunction,
  FunctionSource,
  ModuleSource,
  RemoteException,
  RemoteFunction,
  ResultSchema,
  ReturnedBy,
  RunOptions,
  SchemaResult,
} from "../functions/mod.ts";
export type { ClientRunOptions } from "./run_function.ts";
export { functionEnd, NoFilesError, runFunction } from "./run_function.ts";

/** Every procedure of Sluice as a typed function: `client.jobs.submit.mutate({…})`. */
export type SluiceClient = TRPCClient<AppRouter>;

/** Where the server is and how to be let in. */
export interface SluiceClientOptions {
  /** The server: `http://127.0.0.1:7878`. */
  readonly url: string | URL;
  /** Its bearer token, or a function that gives it, asked anew for every request. */
  readonly token: string | (() => string | Promise<string>);
  /** The function that fetches. Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
}

/** Characters of input above which a call travels alone, so that batches stay below the body limit. */
const largeInput = 64_000;

/** Calls that may take long: together with others they would hold those up. */
const slowPaths: ReadonlySet<string> = new Set([
  "jobs.wait",
  "jobs.returned",
  "jobs.outputEntries",
  "clusters.probe",
]);

/**
 * Makes a client.
 *
 * Calls of one tick travel together. Feeds (`client.jobs.events.subscribe`) reconnect and resume by
 * themselves; {@linkcode jobEvents} and {@linkcode jobLogs} are the same as async iterables. Errors are
 * `TRPCClientError`s, whose `data` has `code`, `retryable` and `next`; {@linkcode clientErrorInfo} reads
 * them, and also names the trouble where no server answered.
 *
 * @example
 * ```ts
 * import { createSluiceClient, jobLogs } from "@sluice/sluice/client";
 *
 * const client = createSluiceClient({ url: "http://127.0.0.1:7878", token: "…" });
 * const job = await client.jobs.submit.mutate({
 *   cluster: "dev",
 *   payload: { kind: "command", command: ["hostname"] },
 * });
 * for await (const { bytes } of jobLogs(client, { jobId: job.id })) {
 *   console.log(new TextDecoder().decode(bytes));
 * }
 * ```
 */
export function createSluiceClient(options: SluiceClientOptions): SluiceClient {
  const url = new URL("rpc", `${String(options.url).replace(/\/+$/, "")}/`).href;
  const send = options.fetch ?? globalThis.fetch;
  const token = async () =>
    typeof options.token === "function" ? await options.token() : options.token;
  const headers = async () => ({ authorization: `Bearer ${await token()}` });
  return createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: ({ type }) => type === "subscription",
        true: httpSubscriptionLink({
          url,
          // A browser's own EventSource sends no headers, and Node 20 has none.
          EventSource,
          eventSourceOptions: {
            fetch: async (input, init) => {
              const response = await send(input, {
                ...init,
                headers: { ...init.headers, ...await headers() },
              });
              // The EventSource reads the body of no other answer, which would keep its connection.
              if (response.status !== 200) await response.body?.cancel();
              return response;
            },
          },
        }),
        false: callLink({
          url,
          headers,
          fetch: (input, init) => send(input, init),
          travelsAlone: ({ path, input }) =>
            slowPaths.has(path) || (JSON.stringify(input)?.length ?? 0) > largeInput,
        }),
      }),
    ],
  });
}
