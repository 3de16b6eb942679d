/**
 * The launcher for scripts and plain commands.
 *
 * @module
 */

import type { JobSpec } from "../model/mod.ts";
import { commandLine, quote } from "../shell/mod.ts";
import { checkScript, scriptDirectives } from "../slurm/mod.ts";
import { PayloadNotLaunchableError } from "./errors.ts";
import { functionCall } from "./function/call.ts";
import type { ExecutionPlan, Launcher, Work } from "./plan.ts";

/** Name of the user's script in the attempt's directory. */
export const PAYLOAD_FILE = "payload";

/**
 * The program, quoted for the shell, with those variables. They are set by env(1), since a shell keeps some for
 * itself (`UID`, `OPTIND`) and uses others in the words that follow.
 */
export function withEnvironment(
  environment: JobSpec["environment"],
  program: string,
  words: string,
): string {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  if (variables.length === 0) return `${program} ${words}`.trimEnd();
  // env would take a program whose name holds '=' for one more variable.
  const named = program.includes("=") ? `sh -c 'exec "$@"' sh ${program}` : program;
  return `${commandLine(["env", ...variables])} ${named} ${words}`.trimEnd();
}

/** A payload as a command of the shell, and what goes with it. */
export interface PayloadCommand extends Omit<ExecutionPlan, "body" | "peers"> {
  /** The command's words, quoted for the shell; nothing before them replaces it. */
  readonly command: string;
}

/** What a payload is that runs a program once or on each task, rather than holds nodes for others. */
export type RunnablePayload = Extract<
  Work["payload"],
  { kind: "script" | "remote_script" | "function" | "command" }
>;

/** What is said of a job beside its payload, as far as it bears on the command. */
export type CommandTerms = Pick<
  Work,
  "environment" | "inputs" | "outputs" | "srun" | "wrapper"
>;

/**
 * The payload as a command.
 *
 * @throws {SluiceError} It cannot be run as it is; nothing has been sent.
 */
export function payloadCommand(
  payload: RunnablePayload,
  { environment }: CommandTerms,
): PayloadCommand {
  switch (payload.kind) {
    case "remote_script":
      throw new PayloadNotLaunchableError(payload.kind, "bash");
    case "function": {
      const { words, ...rest } = functionCall(payload, PAYLOAD_FILE);
      return { ...rest, command: withEnvironment(environment, "env", words) };
    }
    case "script": {
      checkScript(payload.script);
      const { lines, options } = scriptDirectives(payload.script);
      const words = commandLine(payload.arguments);
      return {
        files: [{ name: PAYLOAD_FILE, text: payload.script, executable: true }],
        command: withEnvironment(environment, `"$sluice_dir"/${PAYLOAD_FILE}`, words),
        directives: lines,
        directiveOptions: options,
      };
    }
    case "command": {
      const [program = "", ...words] = payload.command;
      return {
        files: [],
        command: withEnvironment(environment, quote(program), commandLine(words)),
        directives: [],
        directiveOptions: [],
      };
    }
  }
}

/**
 * Runs a script by its own interpreter, or a command as it is: no further shell reads its words.
 *
 * A script is sent as it stands. Its first line must name the interpreter, and its `#SBATCH` lines are
 * honoured where the spec does not say otherwise.
 */
export const bashLauncher: Launcher = {
  plan(work: Work): ExecutionPlan {
    const { payload } = work;
    switch (payload.kind) {
      case "script":
      case "remote_script":
      case "function":
      case "command": {
        const { command, ...rest } = payloadCommand(payload, work);
        return { ...rest, body: [`exec ${command}`] };
      }
      case "cluster":
      case "allocation":
        throw new PayloadNotLaunchableError(payload.kind, "bash");
    }
  },
};
