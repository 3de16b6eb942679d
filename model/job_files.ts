/**
 * What a job takes in and brings out by name: values and files.
 *
 * @module
 */

import { z } from "zod";
import { contentHashSchema } from "./software.ts";
import { textSchema as text } from "./text.ts";

/** Name of an input or an output. */
const fileName = text.min(1).max(200).refine(
  // deno-fmt-ignore
  (name) => /^[^\p{Cc}{}]+$/u.test(name),
  "a name has neither braces nor control characters",
);

const scalar = z.union([text, z.number(), z.boolean()]);

/** A path on the cluster that does not lead up from the directory it goes from. */
const path = text.min(1).refine(
  (value) => /^[/~]/.test(value) || !value.split("/").includes(".."),
  "a path from the working directory must not lead out of it by '..'",
);

const to = path.optional().describe(
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
    to: path.describe("As of a file."),
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
  location: path.optional().describe(
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

/** An input that is files, which are sent. */
export type FileInput = Exclude<Input, string | number | boolean | readonly unknown[]>;

/** Whether the input is files, rather than a value. */
export function isFileInput(input: Input): input is FileInput {
  return typeof input === "object" && !Array.isArray(input);
}

/** An input that lies on the cluster. */
export const sentInputSchema = z.object({
  name: z.string(),
  component: z.int().nonnegative().optional().describe(
    "Number of the component of a heterogeneous job whose input it is.",
  ),
  files: z.int().nonnegative().describe("How many files it has."),
  bytes: z.int().nonnegative().describe("Bytes that they have in all."),
  sha256: contentHashSchema.describe(
    "SHA-256 of the file's content; of a directory or glob, of all that is known of its entries.",
  ),
}).describe("An input that lies on the cluster.");
/** See {@linkcode sentInputSchema}. */
export type SentInput = z.infer<typeof sentInputSchema>;

const ofOutput = {
  name: z.string(),
  kind: outputSchema.shape.kind.unwrap(),
  path: z.string().describe("Where it lies on the cluster, or would; may start with `~/`."),
};

/** What became of one output of a job. */
export const jobOutputSchema = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("collected"),
    ...ofOutput,
    bytes: z.int().nonnegative().describe("Size of the file, or of all files in the directory."),
    files: z.int().nonnegative().describe("How many files it has: of a file, one."),
    sha256: contentHashSchema.describe(
      "SHA-256 of the file's content; of a directory, of the names and contents in it.",
    ),
  }).describe("It was there when the payload ended, and can be fetched."),
  z.object({ status: z.literal("missing"), ...ofOutput }).describe(
    "It was not there, or was of the other kind.",
  ),
  z.object({ status: z.literal("outside"), ...ofOutput }).describe(
    "It was a link that leads out of the directory it belongs in.",
  ),
  z.object({ status: z.literal("not_collected"), ...ofOutput }).describe(
    "The payload failed or never ran, or the job was ended before it could be collected.",
  ),
]).describe("What became of one output of a job.");
/** See {@linkcode jobOutputSchema}. */
export type JobOutput = z.infer<typeof jobOutputSchema>;
