/**
 * What a job takes in and brings out by name: values and files.
 *
 * @module
 */

import { z } from "zod";
import { textSchema as text } from "./text.ts";

/** Name of an input or an output. */
const fileName = text.min(1).max(200).refine(
  // deno-fmt-ignore
  (name) => /^[^\p{Cc}{}]+$/u.test(name),
  "a name has neither braces nor control characters",
);

const scalar = z.union([text, z.number(), z.boolean()]);

const to = text.min(1).optional().describe(
  "Where it goes on the cluster: absolute, from `~/`, or from the working directory. Default: below `inputs` in the job's directory, under its own name.",
);

/** One input of a job: a value, or files that are sent for it. */
export const inputSchema = z.union([
  scalar,
  z.array(scalar).max(10_000),
  z.strictObject({
    file: text.min(1).describe("Path of a file on the machine that Sluice runs on."),
    to,
  }),
  z.strictObject({
    directory: text.min(1).describe("Path of a directory there, which is sent with all it holds."),
    to,
  }),
  z.strictObject({
    glob: text.min(1).describe(
      "A pattern such as `data/**/*.csv`: what it matches goes below the directory `to`, with the path behind the pattern's fixed part.",
    ),
    to,
  }),
  z.strictObject({
    text: text.max(4 * 1024 * 1024).describe("The whole content of a file."),
    to: text.min(1).describe("As of a file."),
  }),
]).describe("One input of a job: a value, or files that are sent for it.");
/** See {@linkcode inputSchema}. */
export type Input = z.infer<typeof inputSchema>;

/** The inputs of a job, by their names. */
export const inputsSchema = z.record(fileName, inputSchema).describe(
  "What the job takes in, by name: values, and files that are sent before it is submitted. What lies on the cluster already with the same content is not sent again.",
);
/** See {@linkcode inputsSchema}. */
export type Inputs = z.infer<typeof inputsSchema>;

/** One output of a job. */
export const outputSchema = z.strictObject({
  kind: z.enum(["file", "directory"]).default("file"),
  location: text.min(1).optional().describe(
    "Where the job makes it: absolute, from `~/`, or from the working directory; `%a` stands for the number of the array task. Default: below `outputs` in the job's directory, under its name.",
  ),
  collect: z.enum(["success", "always"]).default("success").describe(
    "When it is collected: only of a payload that has succeeded, or of any.",
  ),
  optional: z.boolean().default(false).describe(
    "Whether it may be missing. A job that succeeds without an output that may not fails.",
  ),
}).describe("One output of a job.");
/** See {@linkcode outputSchema}. */
export type Output = z.infer<typeof outputSchema>;

/** The outputs of a job, by their names. */
export const outputsSchema = z.record(fileName, outputSchema).describe(
  "Files and directories that the job makes, by name.",
);
/** See {@linkcode outputsSchema}. */
export type Outputs = z.infer<typeof outputsSchema>;
