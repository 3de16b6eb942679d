/**
 * What `submit` is to run.
 *
 * @module
 */

import { basename } from "node:path";
import type { JobSpecInput } from "../model/mod.ts";
import { jobNameSchema } from "../model/mod.ts";
import { UsageError } from "./errors.ts";
import type { Terminal } from "./terminal.ts";

/** What to run, and the name that a job of it gets where none is given. */
export interface NamedPayload {
  /** What to run. */
  readonly payload: JobSpecInput["payload"];
  /** The name, where the payload has one that a job can bear. */
  readonly name: string | undefined;
}

/**
 * The text of a file, or of standard input for `-`.
 *
 * @param what What the file is, for messages.
 */
export async function readText(source: string, what: string, terminal: Terminal): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = source === "-" ? await terminal.readStdin() : await terminal.readFile(source);
  } catch (error) {
    throw new UsageError(
      `The ${what} ${source} cannot be read: ${error instanceof Error ? error.message : error}`,
      "Check the path, or write `sluice submit -- COMMAND` to run a command without a script.",
      error,
    );
  }
  try {
    // The mark at the beginning is kept, for the server to refuse it by name.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new UsageError(
      `The ${what} ${source} is not UTF-8 text.`,
      "Convert it, for example with: iconv -f latin1 -t utf-8",
      error,
    );
  }
}

/** What the command line says of the payload. */
export interface PayloadWords {
  /** Path of a script on the cluster, where that is to run. */
  readonly remoteScript?: string | undefined;
  /** Words before `--`. */
  readonly words: readonly string[];
  /** Words after `--`: the command, or more arguments of the script. */
  readonly rest: readonly string[] | undefined;
}

function nameOf(path: string): string | undefined {
  const name = jobNameSchema.safeParse(basename(path));
  return name.success ? name.data : undefined;
}

/**
 * The payload of `submit SCRIPT [ARGUMENTS]`, `submit - [ARGUMENTS]` (the script from standard input),
 * `submit --remote-script PATH [ARGUMENTS]` or `submit -- COMMAND`.
 */
export async function readPayload(
  { remoteScript, words, rest }: PayloadWords,
  terminal: Terminal,
): Promise<NamedPayload> {
  if (remoteScript !== undefined) {
    return {
      payload: { kind: "remote_script", path: remoteScript, arguments: [...words, ...rest ?? []] },
      name: nameOf(remoteScript),
    };
  }
  const [source, ...before] = words;
  if (source !== undefined) {
    return {
      payload: {
        kind: "script",
        script: await readText(source, "script", terminal),
        arguments: [...before, ...rest ?? []],
      },
      name: source === "-" ? undefined : nameOf(source),
    };
  }
  if (rest === undefined || rest.length === 0) {
    throw new UsageError(
      "There is nothing to submit.",
      "Name a script, `-` for one from standard input, or `-- COMMAND ARGUMENTS`.",
    );
  }
  return {
    payload: { kind: "command", command: [...rest] },
    name: nameOf(rest[0] ?? ""),
  };
}
