/**
 * Calling functions through the client.
 *
 * @module
 */

import { callFunction } from "../functions/mod.ts";
import type { RemoteFunction, RunOptions } from "../functions/mod.ts";
import type { FunctionEnd, JobId } from "../model/mod.ts";
import { SluiceError } from "../model/plain/mod.ts";
import type { SluiceClient } from "./client.ts";
import { clientErrorInfo } from "./client_error.ts";
import { pause } from "./pause.ts";

/** Wait before a server that did not answer is asked again, in ms. */
const ASK_AGAIN_MS = 1_000;

/** How a function is called through the client. */
export type ClientRunOptions<T> = RunOptions<T> & {
  /** Reads a module that is named by its `file` here. Default: such modules are refused. */
  readonly readFile?: (path: string) => Promise<string>;
};

/** Raised where a module is named by its file, and nothing was given that reads files. */
export class NoFilesError extends SluiceError {
  override readonly name: string = "NoFilesError";

  /** Says what to do. */
  constructor() {
    super({
      code: "NO_FILES",
      message: "The client itself reads no files.",
      next: "Give the module's `text` and `fileName`, or the option `readFile`.",
    });
  }
}

/**
 * Waits until what the function of a job returned or raised is known, or the job has ended without, over cut
 * connections and restarts of the server.
 *
 * @throws A `TRPCClientError` where a retry does not help: an unknown job, a wrong token.
 */
export async function functionEnd(
  client: SluiceClient,
  id: JobId,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<FunctionEnd> {
  while (true) {
    try {
      return await client.jobs.returned.query({ id }, signal === undefined ? {} : { signal });
    } catch (error) {
      signal?.throwIfAborted();
      if (!clientErrorInfo(error).retryable) throw error;
      await pause(ASK_AGAIN_MS, signal);
      signal?.throwIfAborted();
    }
  }
}

/**
 * Calls a function of Python or TypeScript as a job, and gives what it returned.
 *
 * @param called The function: `pythonFunction({ path: "~/tides.py", name: "fit" })`.
 * @param words Its arguments, in order: any JSON.
 * @param options Where it runs and with what, as in the spec of a job; what its value must be; a signal that
 * cancels the job.
 * @throws A `TRPCClientError` where the spec is refused, and a `FunctionError` where there is no value.
 *
 * @example
 * ```ts
 * import { createSluiceClient, pythonFunction, runFunction } from "@sluice/sluice/client";
 * import { z } from "zod";
 *
 * const client = createSluiceClient({ url: "http://127.0.0.1:7878", token: "…" });
 * const add = pythonFunction({ text: "def add(a, b): return a + b\n", name: "add" });
 * const sum: number = await runFunction(client, add, [1, 2], { cluster: "dev", result: z.number() });
 * ```
 */
export function runFunction<Arguments extends readonly unknown[], Value, T = Value>(
  client: SluiceClient,
  called: RemoteFunction<Arguments, Value>,
  words: Arguments,
  { readFile, ...options }: ClientRunOptions<T>,
): Promise<T> {
  return callFunction<Arguments, Value, T>(
    {
      submit: (spec) => client.jobs.submit.mutate(spec),
      returned: (id, signal) => functionEnd(client, id, signal === undefined ? {} : { signal }),
      cancel: (id) => client.jobs.cancel.mutate({ id }),
      readFile: readFile ?? (() => Promise.reject(new NoFilesError())),
    },
    called,
    words,
    options,
  );
}
