/**
 * The options of `submit` that say what a payload takes in and what runs around it.
 *
 * @module
 */

import { statSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { pairs, present, schedulerOptions } from "./resource_options.ts";
import type { Flag } from "./resource_options.ts";

/** The options as the command line has them. */
export const workOptionsSchema = z.object({
  input: z.array(z.string()).default([]),
  inputFile: z.array(z.string()).default([]),
  before: z.array(z.string()).optional(),
  after: z.array(z.string()).optional(),
  bashrc: z.union([z.literal(true), z.string()]).optional(),
  srun: z.literal(true).optional(),
  srunOption: z.array(z.string()).default([]),
  wrapper: z.string().optional(),
});
/** See {@linkcode workOptionsSchema}. */
export type WorkOptions = z.infer<typeof workOptionsSchema>;

/** Those that may be repeated, with what they mean. */
export const repeatedWorkFlags: readonly Flag[] = [
  ["--input <name=value>", "what {inputs.NAME} stands for; may be repeated"],
  ["--input-file <name=path>", "a file or directory that is sent for it; may be repeated"],
  ["--before <command>", "shell command that runs before the payload; may be repeated"],
  ["--after <command>", "shell command that runs after it, however it ended; may be repeated"],
  ["--srun-option <name=value>", "option of srun, which then starts the payload; may be repeated"],
];

/** The others. */
export const workFlags: readonly Flag[] = [
  ["--bashrc [file]", "read ~/.bashrc, or the file, before everything else"],
  ["--srun", "start the payload with srun, once for each task"],
  ["--wrapper <words>", "program that starts the payload, with its arguments, as one word"],
];

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The inputs that the options describe: values as they are, and files where the server finds them. */
export function inputs({ input, inputFile }: WorkOptions): Record<string, unknown> {
  const files = Object.entries(pairs(inputFile, "--input-file")).map(([name, path]) => {
    // The server has a working directory of its own.
    const place = resolve(path);
    return [name, isDirectory(place) ? { directory: place } : { file: place }];
  });
  return { ...pairs(input, "--input"), ...Object.fromEntries(files) };
}

/** What runs around the payload. */
export function around(options: WorkOptions): Record<string, unknown> {
  const { before, after, bashrc, srun, srunOption, wrapper } = options;
  return present({
    before,
    after,
    bashrc,
    srun: srunOption.length > 0 ? { options: schedulerOptions(srunOption) } : srun,
    wrapper: wrapper?.split(/\s+/).filter((word) => word !== ""),
  });
}
