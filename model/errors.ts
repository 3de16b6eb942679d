/**
 * Errors as they are sent and kept.
 *
 * @module
 */

import { z } from "zod";
import { SluiceError } from "./plain/mod.ts";

export { SluiceError } from "./plain/mod.ts";
export type { SluiceErrorOptions } from "./plain/mod.ts";

/** The wire and journal form of a {@linkcode SluiceError}: all of it but the cause and the stack. */
export const errorInfoSchema = z.object({
  code: z.string().describe("Stable, upper-case code that programs may switch on."),
  message: z.string().describe("What went wrong, in plain words."),
  next: z.string().describe("What the user can do about it."),
  retryable: z.boolean().describe("Whether the same call may succeed later with nothing changed."),
}).describe("An error as it is sent to clients and kept in the journal.");

/** See {@linkcode errorInfoSchema}. */
export type ErrorInfo = z.infer<typeof errorInfoSchema>;

/** Raised for an error that nobody foresaw: a defect in Sluice rather than in its use. */
export class UnexpectedError extends SluiceError {
  override readonly name: string = "UnexpectedError";

  /** Wraps whatever was thrown. */
  constructor(cause: unknown) {
    super({
      code: "UNEXPECTED",
      message: cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause),
      next: "This is a defect in Sluice: please report it with the server's log.",
      cause,
    });
  }
}

/** The given error if it is Sluice's own, else an {@linkcode UnexpectedError} around it. */
export function asSluiceError(error: unknown): SluiceError {
  return error instanceof SluiceError ? error : new UnexpectedError(error);
}

/** The plain-data form of an error, for the wire and the journal. */
export function errorInfo(error: unknown): ErrorInfo {
  const { code, message, next, retryable } = asSluiceError(error);
  return { code, message, next, retryable };
}
