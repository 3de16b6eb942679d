/**
 * What the command itself refuses.
 *
 * @module
 */

import { SluiceError } from "../model/mod.ts";

/** The command was called in a way that makes no sense. */
export class UsageError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "UsageError";

  /**
   * Makes the error.
   *
   * @param message What is wrong.
   * @param next What to write instead.
   */
  constructor(message: string, next: string, cause?: unknown) {
    super({ code: "USAGE", message, next, cause });
  }
}

/** No token is known for the server. */
export class TokenMissingError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "TokenMissingError";

  /**
   * Makes the error.
   *
   * @param message Where it was looked for.
   */
  constructor(message: string) {
    super({
      code: "TOKEN_MISSING",
      message,
      next: "Start the server with `sluice serve` as this user, or set SLUICE_TOKEN.",
    });
  }
}
