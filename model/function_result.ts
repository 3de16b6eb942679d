/**
 * What becomes of the function that a job calls.
 *
 * @module
 */

import { z } from "zod";
import { errorInfoSchema } from "./errors.ts";
import { jobIdSchema } from "./ids.ts";
import { reasonSchema } from "./job_event.ts";
import { jobPhaseSchema } from "./job_phase.ts";
import type { JsonValue } from "./plain/mod.ts";

/** How far the call of a function came. */
export const functionStageSchema = z.enum(["interpreter", "import", "name", "call", "result"])
  .describe(
    "How far it came: there is no `interpreter`, or one that is too old; the module could not be imported; it has no function of that name; the call raised; the result is not JSON.",
  );
/** See {@linkcode functionStageSchema}. */
export type FunctionStage = z.infer<typeof functionStageSchema>;

const exception = {
  stage: functionStageSchema,
  type: z.string().describe("The exception's class, such as `ValueError`."),
  message: z.string(),
  traceback: z.string().describe("Where it came from, as the language prints it; may be empty."),
};

/** What a function returned or raised. */
export const returnedSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("value"), value: z.custom<JsonValue>() }),
  z.object({ kind: z.literal("exception"), ...exception }),
]).describe("What the function returned or raised.");
/** See {@linkcode returnedSchema}. */
export type Returned = z.infer<typeof returnedSchema>;

/** What the job leaves in its file `result`. */
const resultFileSchema = z.union([
  z.strictObject({ exception: z.object(exception) }),
  z.custom<{ readonly value: JsonValue }>((content) =>
    typeof content === "object" && content !== null && Object.hasOwn(content, "value")
  ),
]);

/**
 * What the content of a result file says; undefined where it is none.
 *
 * @param content Of the whole file.
 */
export function parseResultFile(content: string): Returned | undefined {
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const parsed = resultFileSchema.safeParse(json);
  if (!parsed.success) return undefined;
  return "exception" in parsed.data
    ? { kind: "exception", ...parsed.data.exception }
    : { kind: "value", value: parsed.data.value };
}

/** A function's job as it stands once what it returned or raised is known, or it has ended without. */
export const functionEndSchema = z.object({
  id: jobIdSchema,
  phase: jobPhaseSchema.describe(
    "May still be `running`: the payload has ended well, and the scheduler's verdict follows.",
  ),
  reason: reasonSchema.optional(),
  exitCode: z.int().optional(),
  signal: z.int().positive().optional(),
  error: errorInfoSchema.optional().describe("Why it never ran."),
  returned: returnedSchema.optional().describe("Absent where the function left nothing."),
}).describe("A function's job once what it returned or raised is known, or it has ended without.");
/** See {@linkcode functionEndSchema}. */
export type FunctionEnd = z.infer<typeof functionEndSchema>;
