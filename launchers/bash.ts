/**
 * The launcher for scripts and plain commands.
 *
 * @module
 */

import type { JobSpec } from "../model/mod.ts";
import { commandLine, quote } from "../shell/mod.ts";
import { checkScript, scriptDirectives } from "../slurm/mod.ts";
import { PayloadNotLaunchableError } from "./errors.ts";
import type { ExecutionPlan, Launcher, Work } from "./plan.ts";

/** Name of the user's script in the attempt's directory. */
export const PAYLOAD_FILE = "payload";

/**
 * The command that becomes the payload. Variables are set by env(1), since a shell keeps some for itself
 * (`UID`, `OPTIND`) and uses others in the words that follow.
 */
export function become(
  environment: JobSpec["environment"],
  program: string,
  words: string,
): string {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  if (variables.length === 0) return `exec ${program} ${words}`.trimEnd();
  // env would take a program whose name holds '=' for one more variable.
  const named = program.includes("=") ? `sh -c 'exec "$@"' sh ${program}` : program;
  return `exec ${commandLine(["env", ...variables])} ${named} ${words}`.trimEnd();
}

/**
 * Runs a script by its own interpreter, or a command as it is: no further shell reads its words.
 *
 * A script is sent as it stands. Its first line must name the interpreter, and its `#SBATCH` lines are
 * honoured where the spec does not say otherwise.
 */
export const bashLauncher: Launcher = {
  plan({ payload, environment }: Work): ExecutionPlan {
    switch (payload.kind) {
      case "script": {
        checkScript(payload.script);
        const { lines, options } = scriptDirectives(payload.script);
        return {
          files: [{ name: PAYLOAD_FILE, text: payload.script, executable: true }],
          body: [
            become(environment, `"$sluice_dir"/${PAYLOAD_FILE}`, commandLine(payload.arguments)),
          ],
          directives: lines,
          directiveOptions: options,
        };
      }
      case "command": {
        const [program = "", ...words] = payload.command;
        return {
          files: [],
          body: [become(environment, quote(program), commandLine(words))],
          directives: [],
          directiveOptions: [],
        };
      }
      case "cluster":
      case "allocation":
        throw new PayloadNotLaunchableError(payload.kind, "bash");
    }
  },
};
