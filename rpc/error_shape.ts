/**
 * Errors on their way to the client.
 *
 * @module
 */

import { TRPCError } from "@trpc/server";
import { z } from "zod";
import type { ErrorInfo } from "../model/mod.ts";
import { asSluiceError, errorInfo, InvalidInputError, SluiceError } from "../model/mod.ts";
import type { ErrorKind } from "./error_kind.ts";
import { errorKind, httpStatus } from "./error_kind.ts";
import { InvalidCallError, ProcedureNotFoundError } from "./errors.ts";

/** What `error.data` holds on the client. */
export interface ErrorData {
  /** Stable, upper-case code that programs may switch on. */
  readonly code: string;
  /** Whether the same call may succeed later with nothing changed. */
  readonly retryable: boolean;
  /** What the user can do about it. */
  readonly next: string;
  /** HTTP status, also where the answer travels in a stream or a batch. */
  readonly httpStatus: number;
  /** tRPC's own code. */
  readonly trpcCode: string;
  /** Name of the procedure, where one was called. */
  readonly path?: string;
}

/** The Sluice error behind an error of tRPC. */
export function sluiceErrorOf(error: TRPCError, path = ""): SluiceError {
  if (error.cause instanceof SluiceError) return error.cause;
  switch (error.code) {
    case "BAD_REQUEST":
      return error.cause instanceof z.core.$ZodError
        ? new InvalidInputError(error.cause)
        : new InvalidCallError(error.message, error.cause);
    case "NOT_FOUND":
      return new ProcedureNotFoundError(path);
    case "PARSE_ERROR":
    case "METHOD_NOT_SUPPORTED":
    case "UNSUPPORTED_MEDIA_TYPE":
      return new InvalidCallError(error.message, error.cause);
    default:
      return asSluiceError(error.cause ?? error);
  }
}

function told(error: SluiceError, code: ErrorKind): TRPCError {
  return new TRPCError({ code, message: error.message, cause: error });
}

/** Any error as tRPC's, with the code that its kind has. */
export function toTrpcError(error: unknown, path?: string): TRPCError {
  const known = error instanceof TRPCError ? sluiceErrorOf(error, path) : asSluiceError(error);
  return told(known, errorKind(known));
}

/**
 * An error that ends a feed. tRPC's clients subscribe again after every 5xx and after nothing else, so
 * the code says whether to: over HTTP exactly where a retry may help. In-process it is never said, since
 * the client there would retry without a pause.
 */
export function toFeedError(error: unknown, reconnects: boolean): TRPCError {
  const known = error instanceof TRPCError ? sluiceErrorOf(error) : asSluiceError(error);
  const kind = errorKind(known);
  if (known.retryable && reconnects) return told(known, "SERVICE_UNAVAILABLE");
  return told(known, httpStatus[kind] >= 500 ? "PRECONDITION_FAILED" : kind);
}

/** The part of an error's shape that is Sluice's own. */
export function errorData(error: TRPCError, path: string | undefined): ErrorData {
  const known = sluiceErrorOf(error, path);
  const { code, retryable, next }: ErrorInfo = errorInfo(known);
  return {
    code,
    retryable,
    next,
    httpStatus: httpStatus[errorKind(known)],
    trpcCode: error.code,
    ...(path === undefined ? {} : { path }),
  };
}
