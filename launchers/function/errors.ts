/**
 * How the job of a function ends where the function did not return a value, and what is refused before.
 *
 * @module
 */

import { SluiceError } from "../../model/mod.ts";
import type { FunctionStage } from "../../model/mod.ts";

/** Exit statuses of the command that calls a function, by how far the call came. */
export const FUNCTION_EXIT_CODES: Readonly<Record<FunctionStage, number>> = {
  interpreter: 90,
  import: 91,
  name: 92,
  call: 93,
  result: 94,
};

/** Raised for a script around a function that no shell reads. */
export class FunctionScriptError extends SluiceError {
  override readonly name: string = "FunctionScriptError";

  /** Names the script's first line. */
  constructor(firstLine: string) {
    super({
      code: "SCRIPT_NOT_SHELL",
      message: `The script around the function is not for a shell: its first line is ${
        JSON.stringify(firstLine)
      }.`,
      next:
        "Start it with `#!/bin/sh` or `#!/bin/bash`, and put `{task.fn}` where a command can stand.",
    });
  }
}
