/**
 * What went wrong, as the client sees it.
 *
 * @module
 */

import { TRPCClientError } from "@trpc/client";
import type { ErrorInfo } from "../model/mod.ts";
import type { AppRouter } from "./router.ts";

function isErrorInfo(data: unknown): data is Omit<ErrorInfo, "message"> {
  return typeof data === "object" && data !== null &&
    "code" in data && typeof data.code === "string" &&
    "next" in data && typeof data.next === "string" &&
    "retryable" in data && typeof data.retryable === "boolean";
}

/** The HTTP status with which an EventSource gave up, where it tells. */
function refusedStatus(cause: unknown): number | undefined {
  return typeof cause === "object" && cause !== null && "code" in cause &&
      typeof cause.code === "number"
    ? cause.code
    : undefined;
}

/**
 * Code, message, next step and whether a retry helps, for whatever a call of the client threw: an
 * error of the server as the server told it, and `UNREACHABLE` where no answer came.
 *
 * @example
 * ```ts
 * import { clientErrorInfo, createSluiceClient } from "@sluice/sluice/client";
 *
 * const client = createSluiceClient({ url: "http://127.0.0.1:7878", token: "…" });
 * try {
 *   await client.clusters.list.query();
 * } catch (error) {
 *   const { code, message, next } = clientErrorInfo(error);
 *   console.error(`${code}: ${message} ${next}`);
 * }
 * ```
 */
export function clientErrorInfo(error: unknown): ErrorInfo {
  if (error instanceof Error && isErrorInfo(error)) {
    return {
      code: error.code,
      message: error.message,
      next: error.next,
      retryable: error.retryable,
    };
  }
  if (!(error instanceof TRPCClientError)) {
    return {
      code: "UNEXPECTED",
      message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      next: "This is a defect in the program that called Sluice.",
      retryable: false,
    };
  }
  const known: TRPCClientError<AppRouter> = error;
  if (isErrorInfo(known.data)) {
    const { code, next, retryable } = known.data;
    return { code, message: known.message, next, retryable };
  }
  const status = refusedStatus(known.cause);
  if (status === 401) {
    return {
      code: "UNAUTHORIZED",
      message: "The server refused the bearer token.",
      next: "Give the token that the server printed the place of at its start.",
      retryable: false,
    };
  }
  if (status !== undefined && status >= 400 && status < 500 && status !== 429) {
    return {
      code: "REQUEST_REFUSED",
      message: `The server refused the request with HTTP status ${status}.`,
      next: "Check the URL, and what stands between the client and the server.",
      retryable: false,
    };
  }
  return {
    code: "UNREACHABLE",
    message: `The server did not answer: ${known.message}`,
    next: "Check that the server runs (sluice serve) and that the URL is right.",
    retryable: true,
  };
}
