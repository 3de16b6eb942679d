/**
 * Why the call of a function has no value.
 *
 * @module
 */

import type { FunctionEnd, JobId, Returned } from "../model/mod.ts";
import { SluiceError } from "../model/plain/mod.ts";
import type { SluiceErrorOptions } from "../model/plain/mod.ts";

/** What was raised where the function ran. */
export type RemoteException = Extract<Returned, { kind: "exception" }>;

/** The base of all errors that tell why the call of a function has no value. */
export class FunctionError extends SluiceError {
  override readonly name: string = "FunctionError";
  /** The function's job. */
  readonly jobId: JobId;
  /** The job's exit status, where it has one that is known. */
  readonly exitCode: number | undefined;

  /** Makes the error of how the job stands. */
  constructor({ id, exitCode }: FunctionEnd, options: SluiceErrorOptions) {
    super(options);
    this.jobId = id;
    this.exitCode = exitCode;
  }
}

/** An exception that came from where the function ran. */
export abstract class RemoteError extends FunctionError {
  /** The exception's class there, such as `ValueError`. */
  readonly remoteType: string;
  /** Its message. */
  readonly remoteMessage: string;
  /** Where it came from, as the language prints it; may be empty. */
  readonly traceback: string;

  /** Makes the error of how the job stands and what came. */
  constructor(
    end: FunctionEnd,
    { type, message, traceback }: RemoteException,
    options: SluiceErrorOptions,
  ) {
    super(end, options);
    this.remoteType = type;
    this.remoteMessage = message;
    this.traceback = traceback;
  }
}

/** The function raised an exception. */
export class RemoteFunctionError extends RemoteError {
  override readonly name: string = "RemoteFunctionError";

  /** Says what it raised. */
  constructor(end: FunctionEnd, exception: RemoteException) {
    super(end, exception, {
      code: "REMOTE_EXCEPTION",
      message: `The function raised ${exception.type}: ${exception.message}`,
      next: "Read the error's `traceback`, which says where it came from.",
    });
  }
}

/** The interpreter is missing where the function was to run, or too old. */
export class FunctionInterpreterError extends RemoteError {
  override readonly name: string = "FunctionInterpreterError";

  /** Says which. */
  constructor(end: FunctionEnd, exception: RemoteException) {
    super(end, exception, {
      code: "FUNCTION_INTERPRETER",
      message: `The function could not be called: ${exception.message}.`,
      next:
        "Name the `software` that brings the interpreter, or the `interpreter` itself by its path.",
    });
  }
}

/** The function's module could not be imported. */
export class FunctionImportError extends RemoteError {
  override readonly name: string = "FunctionImportError";

  /** Says why. */
  constructor(end: FunctionEnd, exception: RemoteException) {
    super(end, exception, {
      code: "FUNCTION_IMPORT",
      message: `The function's module cannot be imported: ${exception.type}: ${exception.message}`,
      next: "Read the error's `traceback`; what the module needs is brought by `software`.",
    });
  }
}

/** The module has no such function. */
export class FunctionMissingError extends RemoteError {
  override readonly name: string = "FunctionMissingError";

  /** Says which. */
  constructor(end: FunctionEnd, exception: RemoteException) {
    super(end, exception, {
      code: "FUNCTION_MISSING",
      message: `There is no such function: ${exception.message}.`,
      next: "Compare the name with those that the module has.",
    });
  }
}

/** What the function returned is not JSON. */
export class ResultNotJsonError extends RemoteError {
  override readonly name: string = "ResultNotJsonError";

  /** Says what of it is not. */
  constructor(end: FunctionEnd, exception: RemoteException) {
    super(end, exception, {
      code: "RESULT_NOT_JSON",
      message: `What the function returned is not JSON: ${exception.message}.`,
      next: "Return what JSON can say, or write a file and declare it as an output.",
    });
  }
}

/** The software that the function was to run with could not be made ready. */
export class FunctionEnvironmentError extends FunctionError {
  override readonly name: string = "FunctionEnvironmentError";

  /** Names the status. */
  constructor(end: FunctionEnd) {
    super(end, {
      code: "FUNCTION_ENVIRONMENT",
      message: `The function's software could not be made ready (exit status ${end.exitCode}).`,
      next:
        `Read the job's error output, which says what is missing: sluice logs ${end.id} --stream stderr`,
    });
  }
}

function howItEnded({ exitCode, signal, reason, phase }: FunctionEnd): string {
  const how = signal !== undefined
    ? `by signal ${signal}`
    : exitCode !== undefined
    ? `with exit status ${exitCode}`
    : `as ${phase}`;
  return reason === undefined ? how : `${how} (${reason.text})`;
}

/** The function ended its process, or something else did, before it had returned. */
export class NoResultError extends FunctionError {
  override readonly name: string = "NoResultError";

  /** Says how the job ended. */
  constructor(end: FunctionEnd) {
    super(end, {
      code: "NO_RESULT",
      message: `The job ended ${howItEnded(end)} before the function had returned.`,
      next:
        `The function may have called exit itself; read the job's error output: sluice logs ${end.id} --stream stderr`,
    });
  }
}

/** The function returned, and its job failed all the same. */
export class FunctionJobFailedError extends FunctionError {
  override readonly name: string = "FunctionJobFailedError";

  /** Says how the job ended. */
  constructor(end: FunctionEnd) {
    super(end, {
      code: "FUNCTION_JOB_FAILED",
      message: `The function returned, and then its job ended ${howItEnded(end)}.`,
      next:
        `Something beside the function failed: the script around it, a command after it, an output. What it returned is in jobs.result; read the job's error output: sluice logs ${end.id} --stream stderr`,
    });
  }
}

/** The function's job was never run. */
export class FunctionNotRunError extends FunctionError {
  override readonly name: string = "FunctionNotRunError";

  /** Gives the reason on. */
  constructor(end: FunctionEnd, { code, message, next }: NonNullable<FunctionEnd["error"]>) {
    super(end, {
      code: "FUNCTION_NOT_RUN",
      message: `The function's job was never run: ${code}: ${message}`,
      next,
    });
  }
}

/** The function's job was cancelled. */
export class FunctionCancelledError extends FunctionError {
  override readonly name: string = "FunctionCancelledError";

  /** Names the job; where the call was aborted, with the reason. */
  constructor(end: FunctionEnd, cause?: unknown) {
    super(end, {
      code: "FUNCTION_CANCELLED",
      message: `The function's job ${end.id} was cancelled.`,
      next: "Call the function again where its value is still wanted.",
      cause,
    });
  }
}

/** The function's job reached its time limit. */
export class FunctionTimedOutError extends FunctionError {
  override readonly name: string = "FunctionTimedOutError";

  /** Names the job. */
  constructor(end: FunctionEnd) {
    super(end, {
      code: "FUNCTION_TIMED_OUT",
      message: `The function's job ${end.id} reached its time limit.`,
      next: "Ask for more with `resources: { time: … }`.",
    });
  }
}

/** What the function returned is not what the caller's schema asks for. */
export class ResultMismatchError extends FunctionError {
  override readonly name: string = "ResultMismatchError";

  /**
   * Names what does not fit.
   *
   * @param issues In one line.
   */
  constructor(
    end: FunctionEnd,
    issues: string,
    /** What the function returned. */ readonly value: unknown,
  ) {
    super(end, {
      code: "RESULT_MISMATCH",
      message: `What the function returned is not what was to be: ${issues}`,
      next:
        "Compare the schema that the call names with what the function returns: the error's `value`.",
    });
  }
}

/** The arguments of a call are not JSON. */
export class ArgumentsNotJsonError extends SluiceError {
  override readonly name: string = "ArgumentsNotJsonError";

  /**
   * Says what of them is not.
   *
   * @param problem In words.
   */
  constructor(problem: string) {
    super({
      code: "INVALID_ARGUMENTS",
      message: `The arguments of the function are not JSON: of them, ${problem}.`,
      next: "Pass what JSON can say: nothing else reaches the cluster as it is.",
    });
  }
}

/** A file of this side that cannot be read. */
export class ModuleFileError extends SluiceError {
  override readonly name: string = "ModuleFileError";

  /** Names the file. */
  constructor(file: string, cause: unknown) {
    super({
      code: "MODULE_UNREADABLE",
      message: `The module ${file} cannot be read: ${
        cause instanceof Error ? cause.message : String(cause)
      }`,
      next: "Check the path, or give the module's `text` itself.",
      cause,
    });
  }
}
