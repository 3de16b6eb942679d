/**
 * Values of JSON, as they are: none is changed on its way, and no key is left out.
 *
 * @module
 */

import { z } from "zod";
import { jsonProblem } from "./plain/mod.ts";
import type { JsonValue } from "./plain/mod.ts";

function refuseProblem(value: unknown, ctx: z.RefinementCtx): void {
  const problem = jsonProblem(value);
  if (problem !== undefined) ctx.addIssue({ code: "custom", message: `not JSON: ${problem}` });
}

/**
 * A value that JSON can say, given on as it is. zod's own `z.json()` makes a copy, without a key `__proto__`.
 */
export const jsonValueSchema: z.ZodType<JsonValue, JsonValue> = z.custom<JsonValue>()
  .superRefine(refuseProblem);

/** An object of JSON. */
export type JsonObject = { readonly [key: string]: JsonValue };

/** An object of JSON, given on as it is. */
export const jsonObjectSchema: z.ZodType<JsonObject, JsonObject> = z.custom<JsonObject>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "must be a mapping",
).superRefine(refuseProblem);
