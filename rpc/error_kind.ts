/**
 * How the code of an error is told over HTTP.
 *
 * @module
 */

/** The subset of tRPC's codes that Sluice's errors are told with. */
export type ErrorKind =
  | "BAD_REQUEST"
  | "UNAUTHORIZED"
  | "FORBIDDEN"
  | "NOT_FOUND"
  | "CONFLICT"
  | "PRECONDITION_FAILED"
  | "PAYLOAD_TOO_LARGE"
  | "UNPROCESSABLE_CONTENT"
  | "INTERNAL_SERVER_ERROR"
  | "SERVICE_UNAVAILABLE";

/** HTTP status of each kind. Source: RFC 9110, section 15. */
export const httpStatus: Readonly<Record<ErrorKind, number>> = {
  BAD_REQUEST: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  PRECONDITION_FAILED: 412,
  PAYLOAD_TOO_LARGE: 413,
  UNPROCESSABLE_CONTENT: 422,
  INTERNAL_SERVER_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
};

const byCode: Readonly<Record<string, ErrorKind>> = {
  UNAUTHORIZED: "UNAUTHORIZED",
  FOREIGN_HOST: "FORBIDDEN",
  FOREIGN_ORIGIN: "FORBIDDEN",
  BODY_TOO_LARGE: "PAYLOAD_TOO_LARGE",
  UNEXPECTED: "INTERNAL_SERVER_ERROR",
  // The cluster lacks Slurm, rather than Sluice the thing that was asked for.
  SLURM_NOT_FOUND: "UNPROCESSABLE_CONTENT",
  JOB_NOT_ENDED: "PRECONDITION_FAILED",
  UNKNOWN_OPTION: "BAD_REQUEST",
  RESERVED_OPTION: "BAD_REQUEST",
  OPTION_VALUE: "BAD_REQUEST",
  UNQUOTABLE: "BAD_REQUEST",
};

const byPattern: readonly (readonly [RegExp, ErrorKind])[] = [
  [/^INVALID_|_INVALID$|^SCRIPT_/, "BAD_REQUEST"],
  [/_NOT_FOUND$/, "NOT_FOUND"],
  [/_CONFLICT$/, "CONFLICT"],
  [/_NOT_(?:ENDED|READY)$/, "PRECONDITION_FAILED"],
  [/^JOURNAL_/, "SERVICE_UNAVAILABLE"],
];

/**
 * How an error is told: by its code, by the form of its code, and else by whether a retry may help:
 * 503 if so, otherwise 422, understood but not possible.
 */
export function errorKind(
  error: { readonly code: string; readonly retryable: boolean },
): ErrorKind {
  return byCode[error.code] ??
    byPattern.find(([pattern]) => pattern.test(error.code))?.[1] ??
    (error.retryable ? "SERVICE_UNAVAILABLE" : "UNPROCESSABLE_CONTENT");
}
