/**
 * How the software of a job is made ready before its payload starts. Pure.
 *
 * @module
 */

import type { Software } from "../model/mod.ts";

/**
 * The shell commands (POSIX sh) that make the software ready, in front of the payload's on every node: they end
 * the shell, with a status of their own, where that fails.
 */
export function softwareLines(software: Software): readonly string[] {
  switch (software.kind) {
    case "none":
      return [];
    case "modules":
    case "conda":
    case "venv":
    case "archive":
    case "pack":
      throw new RangeError(software.kind);
  }
}
