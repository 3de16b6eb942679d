/**
 * Refusing input that does not fit its schema.
 *
 * @module
 */

import type { z } from "zod";
import { SluiceError } from "./errors.ts";
import { inputIssues, issuesText } from "./issues.ts";

/** The input of a call does not fit its schema. */
export class InvalidInputError extends SluiceError {
  override readonly name: string = "InvalidInputError";

  /**
   * Names every field that does not fit.
   *
   * @param cause What zod found.
   */
  constructor(cause: z.core.$ZodError) {
    super({
      code: "INVALID_INPUT",
      message: issuesText(inputIssues(cause)),
      next: "Correct the fields named in the message and call again.",
      cause,
    });
  }
}

/**
 * The input as its schema reads it, with every default filled in.
 *
 * @throws {InvalidInputError} It does not fit; the message names each field.
 */
export function parseInput<Schema extends z.ZodType>(
  schema: Schema,
  input: z.input<Schema>,
): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw new InvalidInputError(parsed.error);
  return parsed.data;
}
