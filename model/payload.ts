/**
 * What a job runs.
 *
 * @module
 */

import { z } from "zod";
import { callsFunction } from "./function_place.ts";
import { jsonValueSchema } from "./json_value.ts";
import { allocationSchema } from "./session_terms.ts";
import { remotePathSchema, textSchema as text } from "./text.ts";

const words = z.array(text).max(10_000);

/** Name of a file that stands for itself in any directory. */
const moduleFile = text.min(1).max(200).refine(
  // deno-fmt-ignore
  (name) => !/[\/\p{Cc}]/u.test(name) && name !== "." && name !== "..",
  "must be the name of a file, without a directory or control characters",
);

const MODULE_FILES = { python: /\.py$/, typescript: /\.(?:ts|mts|tsx|js|mjs|jsx)$/ } as const;

/** A function that a job calls, and whose value it returns. */
export const functionPayloadSchema = z.strictObject({
  kind: z.literal("function"),
  language: z.enum(["python", "typescript"]),
  module: z.union([
    z.strictObject({
      text: text.max(4 * 1024 * 1024).describe("The module's own text."),
      file: moduleFile.optional().describe(
        "Name of its file, which tracebacks show and a module in Python has its name from. Default: `module.py` or `module.ts`.",
      ),
    }),
    z.strictObject({ path: text.min(1) }).describe(
      "Path of the module on the cluster: absolute, from `~/`, or from the working directory.",
    ),
  ]).describe("The module that holds the function."),
  name: text.min(1).describe(
    "Name of the function in the module: of TypeScript the name of an export, which may be `default`; of Python a dotted name.",
  ),
  arguments: z.array(jsonValueSchema).default([]).describe("Its arguments, in order."),
  keywords: z.record(text, jsonValueSchema).default({}).describe(
    "Its arguments by name. Python alone has such.",
  ),
  interpreter: words.min(1).refine(([program]) => program !== "", "the program must not be empty")
    .optional().describe(
      "The program that runs it, with its flags. Default: `python3`, or `deno run --allow-all`.",
    ),
  script: text.min(1).max(4 * 1024 * 1024).refine(
    callsFunction,
    "the script never calls the function: put `{task.fn}` where the command that does so is to stand",
  ).optional().describe(
    "A script for a shell around it, in which `{task.fn}` stands for the command that calls the function, and `{{task.fn}}` for those characters themselves; else as a script. Default: the function alone.",
  ),
}).refine(
  ({ language, keywords }) => language === "python" || Object.keys(keywords).length === 0,
  { path: ["keywords"], message: "only functions in Python have arguments by name" },
).refine(
  ({ language, module }) =>
    !("file" in module) || module.file === undefined || MODULE_FILES[language].test(module.file),
  {
    path: ["module", "file"],
    message: "must end as modules of the language do: `.py`, or `.ts`, `.tsx`, `.js` and the like",
  },
).describe("A function that the job calls, and whose value it returns.");
/** See {@linkcode functionPayloadSchema}. */
export type FunctionPayload = z.infer<typeof functionPayloadSchema>;

/** What a job runs: a script of its own, a command that the nodes have, or what serves other jobs. */
export const payloadSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("script"),
    script: text.min(1).max(4 * 1024 * 1024).describe(
      "The script's text, its first line `#!` and an interpreter. `#SBATCH` lines are honoured. In a script for a shell `{inputs.NAME}` and `{outputs.NAME}` stand for the input or the output of that name, quoted for the shell, and `{{inputs.NAME}}` for those characters themselves.",
    ),
    arguments: words.default([]).describe(
      "Arguments of the script; `{inputs.NAME}` and `{outputs.NAME}` stand for those in them.",
    ),
  }),
  z.strictObject({
    kind: z.literal("remote_script"),
    path: remotePathSchema.describe("Where the script lies on the cluster."),
    arguments: words.default([]).describe("Arguments of the script; as for a script."),
    directives: z.array(text).optional().refine(
      (lines): boolean => lines === undefined,
      "is read from the script itself: leave it out",
    ).describe("The `#SBATCH` lines of the script, which Sluice reads before it submits the job."),
  }).describe(
    "A script that is on the cluster already. That it is there is checked before the job is submitted, and its `#SBATCH` lines are honoured.",
  ),
  functionPayloadSchema,
  z.strictObject({
    kind: z.literal("command"),
    command: words.min(1).refine(
      (command) => command[0] !== "",
      "the first word names the program and must not be empty",
    ).describe(
      "The program and its arguments; no shell reads them. `{inputs.NAME}` and `{outputs.NAME}` stand for those in them.",
    ),
  }),
  z.strictObject({ kind: z.literal("cluster") }).describe(
    "Nothing but the cluster of the launcher, Ray or Spark, which stands until the job is cancelled or its time is over.",
  ),
  z.strictObject({ kind: z.literal("allocation"), ...allocationSchema.shape }).describe(
    "Holds nodes for a session and runs the session's steps. `sessions.open` submits such a job.",
  ),
]).describe("What the job runs.");

/** See {@linkcode payloadSchema}. */
export type Payload = z.infer<typeof payloadSchema>;
