/**
 * What the exit statuses say that are Sluice's own. Pure.
 *
 * @module
 */

import { FUNCTION_EXIT_CODES } from "./function/errors.ts";
import { OUTPUT_MISSING_EXIT_CODE, OUTPUT_OUTSIDE_EXIT_CODE } from "./output_lines.ts";
import { SCRIPT_GONE_EXIT_CODE } from "./remote_script.ts";
import {
  ACTIVATION_EXIT_CODE,
  CONDA_COMMAND_EXIT_CODE,
  CONDA_ENVIRONMENT_EXIT_CODE,
  ENVIRONMENT_MISSING_EXIT_CODE,
  MODULE_COMMAND_EXIT_CODE,
  MODULE_EXIT_CODE,
  NODE_PLATFORM_EXIT_CODE,
  UNPACK_EXIT_CODE,
  UNPACK_WAIT_EXIT_CODE,
  VENV_EXIT_CODE,
} from "./software_errors.ts";
import { AFTER_EXIT_CODE, BASHRC_EXIT_CODE, BEFORE_EXIT_CODE } from "./user_commands.ts";

const meanings: ReadonlyMap<number, string> = new Map([
  [SCRIPT_GONE_EXIT_CODE, "the script on the cluster is gone"],
  [MODULE_COMMAND_EXIT_CODE, "there is no command `module`"],
  [MODULE_EXIT_CODE, "a module cannot be loaded"],
  [CONDA_COMMAND_EXIT_CODE, "there is no conda"],
  [CONDA_ENVIRONMENT_EXIT_CODE, "the conda environment cannot be activated"],
  [VENV_EXIT_CODE, "the virtual environment is not there"],
  [ENVIRONMENT_MISSING_EXIT_CODE, "the environment is not on the cluster any more"],
  [NODE_PLATFORM_EXIT_CODE, "the environment is for another platform than the node's"],
  [UNPACK_EXIT_CODE, "the environment cannot be unpacked"],
  [UNPACK_WAIT_EXIT_CODE, "no other job has unpacked the environment in time"],
  [ACTIVATION_EXIT_CODE, "the environment cannot be activated"],
  [FUNCTION_EXIT_CODES.interpreter, "the function's interpreter is missing or too old"],
  [FUNCTION_EXIT_CODES.import, "the function's module cannot be imported"],
  [FUNCTION_EXIT_CODES.name, "the module has no such function"],
  [FUNCTION_EXIT_CODES.call, "the function raised an exception"],
  [FUNCTION_EXIT_CODES.result, "what the function returned is not JSON"],
  [OUTPUT_MISSING_EXIT_CODE, "an output is missing"],
  [OUTPUT_OUTSIDE_EXIT_CODE, "an output is a link out of its directory"],
  [BEFORE_EXIT_CODE, "a command of `before` failed"],
  [BASHRC_EXIT_CODE, "`bashrc` cannot be read"],
  [AFTER_EXIT_CODE, "a command of `after` failed"],
]);

/** What a job's exit status says, where it is one by which Sluice itself ends jobs; the payload may have it too. */
export function exitCodeMeaning(exitCode: number): string | undefined {
  return meanings.get(exitCode);
}
