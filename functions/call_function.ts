/**
 * Calling a function as a job, whatever leads to Sluice.
 *
 * @module
 */

import type { FunctionEnd, JobId, JobSpecInput, JsonValue } from "../model/mod.ts";
import { areJson, jsonProblem } from "../model/plain/mod.ts";
import {
  ArgumentsNotJsonError,
  FunctionCancelledError,
  FunctionEnvironmentError,
  FunctionImportError,
  FunctionInterpreterError,
  FunctionJobFailedError,
  FunctionMissingError,
  FunctionNotRunError,
  FunctionTimedOutError,
  ModuleFileError,
  NoResultError,
  RemoteFunctionError,
  ResultMismatchError,
  ResultNotJsonError,
} from "./errors.ts";
import type { RemoteException } from "./errors.ts";
import type { ModuleSource, RemoteFunction } from "./remote_function.ts";
import { schemaIssues } from "./result_schema.ts";
import type { ResultSchema } from "./result_schema.ts";

/** How a function is called: everything that a job's spec has, and what is to become of its value. */
export type RunOptions<T> = Omit<JobSpecInput, "payload" | "count" | "components"> & {
  /** Its arguments by name; Python alone has such. Default: none. */
  readonly keywords?: Readonly<Record<string, JsonValue>>;
  /** What its value must be. Default: the value is given as it came. */
  readonly result?: ResultSchema<T>;
  /** Cancels the job. */
  readonly signal?: AbortSignal;
};

/** What leads to Sluice. */
export interface FunctionCaller {
  /** Submits the job. */
  submit(spec: JobSpecInput): Promise<{ readonly id: JobId }>;
  /** Waits until what the function returned is known, or the job has ended. */
  returned(id: JobId, signal: AbortSignal | undefined): Promise<FunctionEnd>;
  /** Asks for the job to be ended. */
  cancel(id: JobId): Promise<unknown>;
  /** Reads a file of text of this side. */
  readFile(path: string): Promise<string>;
}

async function moduleOf(
  source: ModuleSource,
  readFile: FunctionCaller["readFile"],
): Promise<Extract<JobSpecInput["payload"], { kind: "function" }>["module"]> {
  if ("path" in source) return { path: source.path };
  if ("text" in source) {
    const { text, fileName } = source;
    return fileName === undefined ? { text } : { text, file: fileName };
  }
  const { file } = source;
  try {
    return { text: await readFile(file), file: file.replace(/^.*[\\/]/, "") };
  } catch (error) {
    throw new ModuleFileError(file, error);
  }
}

/** The job of a call. */
async function specOf(
  { language, source }: RemoteFunction<readonly unknown[], unknown>,
  words: readonly unknown[],
  { keywords, result: _, signal: __, ...rest }: RunOptions<unknown>,
  readFile: FunctionCaller["readFile"],
): Promise<JobSpecInput> {
  const { name, interpreter, script } = source;
  if (!areJson(words)) throw new ArgumentsNotJsonError(jsonProblem(words) ?? "something");
  return {
    ...rest,
    payload: {
      kind: "function",
      language,
      module: await moduleOf(source, readFile),
      name,
      arguments: [...words],
      ...(keywords === undefined ? {} : { keywords }),
      ...(interpreter === undefined ? {} : { interpreter: [...interpreter] }),
      ...(script === undefined ? {} : { script }),
    },
  };
}

function exceptionError(end: FunctionEnd, exception: RemoteException): Error {
  switch (exception.stage) {
    case "interpreter":
      return new FunctionInterpreterError(end, exception);
    case "import":
      return new FunctionImportError(end, exception);
    case "name":
      return new FunctionMissingError(end, exception);
    case "call":
      return new RemoteFunctionError(end, exception);
    case "result":
      return new ResultNotJsonError(end, exception);
  }
}

/** Whether the status tells that the job's software was not to be had. */
function isOfEnvironment({ exitCode }: FunctionEnd): boolean {
  return exitCode !== undefined && exitCode >= 80 && exitCode <= 89;
}

/**
 * The value that the function returned.
 *
 * @throws {SluiceError} There is none; the error's class says why.
 */
export function returnedValue(end: FunctionEnd): JsonValue {
  const { phase, error, returned } = end;
  if (phase === "cancelled") throw new FunctionCancelledError(end);
  if (phase === "timed_out") throw new FunctionTimedOutError(end);
  if (error !== undefined) throw new FunctionNotRunError(end, error);
  if (returned === undefined) {
    throw isOfEnvironment(end) ? new FunctionEnvironmentError(end) : new NoResultError(end);
  }
  if (returned.kind === "exception") throw exceptionError(end, returned);
  if (phase === "failed") throw new FunctionJobFailedError(end);
  return returned.value;
}

/**
 * Calls a function as a job and gives what it returned.
 *
 * @param words The function's arguments, in order.
 * @throws {SluiceError} The spec is refused, or there is no value: a `FunctionError` says why.
 */
export async function callFunction<Arguments extends readonly unknown[], Value, T = Value>(
  caller: FunctionCaller,
  called: RemoteFunction<Arguments, Value>,
  words: Arguments,
  options: RunOptions<T>,
): Promise<T> {
  const { signal, result } = options;
  signal?.throwIfAborted();
  const spec = await specOf(
    { language: called.language, source: called.source },
    words,
    options,
    (path) => caller.readFile(path),
  );
  const { id } = await caller.submit(spec);
  const end = await endOf(caller, id, signal);
  const value = returnedValue(end);
  // Without a schema the types are those that the program says the function has.
  if (result === undefined) return value as T;
  const checked = await result["~standard"].validate(value);
  if (checked.issues === undefined) return checked.value;
  throw new ResultMismatchError(end, schemaIssues(checked.issues), value);
}

/** How the function ended; where the call is aborted before, the job is cancelled. */
async function endOf(
  caller: FunctionCaller,
  id: JobId,
  signal: AbortSignal | undefined,
): Promise<FunctionEnd> {
  try {
    signal?.throwIfAborted();
    return await caller.returned(id, signal);
  } catch (error) {
    if (signal?.aborted !== true) throw error;
    await caller.cancel(id);
    throw new FunctionCancelledError({ id, phase: "cancelled" }, signal.reason);
  }
}
