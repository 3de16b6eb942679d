/**
 * The launcher for scripts and plain commands.
 *
 * @module
 */

import type { JobSpec } from "../model/mod.ts";
import { commandLine, quote } from "../shell/mod.ts";
import { checkScript, scriptDirectives } from "../slurm/mod.ts";
import type { ExecutionPlan, Launcher } from "./plan.ts";

/** Name of the user's script in the job's directory. */
export const PAYLOAD_FILE = "payload";

function exports(environment: JobSpec["environment"]): string[] {
  return Object.entries(environment).map(([name, value]) => `export ${name}=${quote(value)}`);
}

/**
 * Runs a script by its own interpreter, or a command as it is: no further shell reads its words.
 *
 * A script is sent as it stands. Its first line must name the interpreter, and its `#SBATCH` lines are
 * honoured where the spec does not say otherwise.
 */
export const bashLauncher: Launcher = {
  plan(spec: JobSpec): ExecutionPlan {
    const { payload, environment } = spec;
    switch (payload.kind) {
      case "script": {
        checkScript(payload.script);
        return {
          files: [{ name: PAYLOAD_FILE, text: payload.script, executable: true }],
          body: [
            ...exports(environment),
            `exec "$sluice_dir"/${PAYLOAD_FILE} ${commandLine(payload.arguments)}`.trimEnd(),
          ],
          directives: scriptDirectives(payload.script).lines,
        };
      }
      case "command":
        return {
          files: [],
          body: [...exports(environment), `exec ${commandLine(payload.command)}`],
          directives: [],
        };
    }
  },
};
