import assert from "node:assert/strict";
import { undocumented } from "./undocumented.ts";

const output = `error[missing-jsdoc]: exported symbol is missing JSDoc documentation
  --> /repo/model/errors.ts:36:21
   | 
36 |   override readonly name: string = "SluiceError";
   |                     ^

error[missing-explicit-type]: exported symbol is missing an explicit type annotation
  --> /repo/model/ids.ts:8:14
  | 
8 | export const jobIdSchema = z.uuid().brand("JobId");
  |              ^

error[missing-jsdoc]: exported symbol is missing JSDoc documentation
  --> /repo/model/invalid_input.ts:16:3
   | 
16 |   constructor(cause: z.core.$ZodError) {
   |   ^


error: Found 3 documentation lint errors.
`;

Deno.test("what has no documentation is found, but not what overrides or has no explicit type", () => {
  assert.deepEqual(undocumented(output), [
    "/repo/model/invalid_input.ts:16:3  constructor(cause: z.core.$ZodError) {",
  ]);
});

Deno.test("nothing is found where nothing was printed", () => {
  assert.deepEqual(undocumented(""), []);
});
