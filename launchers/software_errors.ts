/**
 * How a job ends whose software cannot be made ready: each trouble has an exit status of its own.
 *
 * @module
 */

import { quote } from "../shell/mod.ts";

/** Exit status of a job on a node that has no `module` command. */
export const MODULE_COMMAND_EXIT_CODE = 80;
/** Exit status of a job for which a module cannot be loaded. */
export const MODULE_EXIT_CODE = 81;
/** Exit status of a job on a node without conda, mamba and micromamba. */
export const CONDA_COMMAND_EXIT_CODE = 82;
/** Exit status of a job whose conda environment cannot be activated. */
export const CONDA_ENVIRONMENT_EXIT_CODE = 83;
/** Exit status of a job whose Python virtual environment is not there. */
export const VENV_EXIT_CODE = 84;
/** Exit status of a job whose environment is not on the cluster. */
export const ENVIRONMENT_MISSING_EXIT_CODE = 85;
/** Exit status of a job on a node of another platform than its environment's. */
export const NODE_PLATFORM_EXIT_CODE = 86;
/** Exit status of a job whose environment cannot be unpacked. */
export const UNPACK_EXIT_CODE = 87;
/** Exit status of a job that waited in vain for another one to unpack the environment. */
export const UNPACK_WAIT_EXIT_CODE = 88;
/** Exit status of a job whose environment cannot be activated. */
export const ACTIVATION_EXIT_CODE = 89;

/** The command that says what is wrong and what to do, and ends the job. */
export function endWith(exitCode: number, message: string): string {
  return `{ printf '%s\\n' ${quote(`sluice: ${message}`)} >&2; exit ${exitCode}; }`;
}
