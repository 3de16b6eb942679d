/**
 * A job as a file describes it.
 *
 * @module
 */

import { parse } from "@std/yaml";
import { z } from "zod";
import { UsageError } from "./errors.ts";
import type { Terminal } from "./terminal.ts";

/** What a file says of a job; its fields are checked together with those of the command line. */
const specFileSchema = z.record(z.string(), z.unknown());

/** See {@linkcode readSpecFile}. */
export type SpecFile = z.infer<typeof specFileSchema>;

/**
 * Reads a job's spec from a file in YAML or JSON, with the names that `jobs.submit` has.
 *
 * @param path The file; `-` is standard input.
 * @throws {UsageError} It cannot be read, or is no mapping.
 */
export async function readSpecFile(path: string, terminal: Terminal): Promise<SpecFile> {
  let value: unknown;
  try {
    const bytes = path === "-" ? await terminal.readStdin() : await terminal.readFile(path);
    value = parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    const [first = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
    throw new UsageError(
      `The spec ${path} cannot be read: ${first}`,
      "Check the path, and that the file is YAML or JSON in UTF-8.",
      error,
    );
  }
  const spec = specFileSchema.safeParse(value);
  if (spec.success) return spec.data;
  throw new UsageError(
    `The spec ${path} is no mapping of fields to values.`,
    "Write the fields of a job, such as `payload`, `resources` and `launcher`.",
    spec.error,
  );
}
