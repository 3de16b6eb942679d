/**
 * Reading a script on the cluster before a job that runs it is submitted.
 *
 * @module
 */

import type { Host } from "../hosts/mod.ts";
import { SluiceError } from "../model/mod.ts";
import { quotePath } from "../shell/mod.ts";
import { checkScript, scriptDirectives } from "../slurm/mod.ts";
import { SchedulerUnavailableError } from "./errors.ts";

/** Raised for a script that is not on the cluster, or that nobody can read there. */
export class RemoteScriptError extends SluiceError {
  override readonly name: string = "RemoteScriptError";

  /** Names the script, and what stands in its place. */
  constructor(path: string, found: "missing" | "irregular" | "unreadable") {
    const words = {
      missing: "is not there",
      irregular: "is no regular file",
      unreadable: "cannot be read by this user",
    };
    super({
      code: found === "missing" ? "REMOTE_SCRIPT_MISSING" : "REMOTE_SCRIPT_UNUSABLE",
      message: `The script ${JSON.stringify(path)} ${words[found]} on the cluster.`,
      next: found === "missing"
        ? "Put it there, or correct the payload's path; or submit the script's text itself."
        : "Name a file that this user can read, and submit again.",
    });
  }
}

/** So much of a script is read, in bytes: its `#SBATCH` lines stand before its first command. */
const HEAD_BYTES = 64 * 1024;

/** Whether a line is one of those before the first command, among which sbatch looks for options. */
function isLeading(line: string): boolean {
  return /^\s*(?:#|$)/.test(line);
}

/** The lines up to the first command. */
function leadingLines(head: string, whole: boolean): string[] {
  const lines = head.split("\n");
  // The last one may be cut off.
  if (!whole) lines.pop();
  const end = lines.findIndex((line) => !isLeading(line));
  return end === -1 ? lines : lines.slice(0, end);
}

/**
 * The `#SBATCH` lines of a script on the cluster, as far as they count.
 *
 * @param path Where it lies; may start with `~/`.
 * @throws {RemoteScriptError} It is not there, or cannot be read.
 * @throws {InvalidScriptError} It is no script.
 * @throws {SluiceError} One of its lines cannot be taken, or the cluster cannot be asked.
 */
export async function readScriptDirectives(
  host: Pick<Host, "run">,
  path: string,
  signal: AbortSignal,
): Promise<string[]> {
  const file = quotePath(path);
  const { stdout, stderr, exitCode } = await host.run(
    [
      `if [ ! -e ${file} ]; then echo missing`,
      `elif [ ! -f ${file} ]; then echo irregular`,
      `elif [ ! -r ${file} ]; then echo unreadable`,
      `else echo readable && head -c ${HEAD_BYTES} ${file}; fi`,
    ].join("\n"),
    { signal },
  );
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const end = stdout.indexOf("\n".charCodeAt(0));
  const found = decoder.decode(stdout.subarray(0, Math.max(0, end)));
  if (found === "missing" || found === "irregular" || found === "unreadable") {
    throw new RemoteScriptError(path, found);
  }
  if (found !== "readable" || exitCode !== 0) {
    throw new SchedulerUnavailableError("head", decoder.decode(stderr));
  }
  const head = stdout.subarray(end + 1);
  const text = leadingLines(decoder.decode(head), head.length < HEAD_BYTES).join("\n");
  checkScript(text);
  return [...scriptDirectives(text).lines];
}
