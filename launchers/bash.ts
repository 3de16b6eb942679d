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
import { filledScript } from "./placeholders/script.ts";
import { Values } from "./placeholders/values.ts";
import { filledWords } from "./placeholders/words.ts";
import type { ExecutionPlan, Launcher, LaunchPlace, Work } from "./plan.ts";
import { remoteScriptProgram } from "./remote_script.ts";

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
  const named = program.includes("=") || program.includes("${")
    ? `sh -c 'exec "$@"' sh ${program}`
    : program;
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
  "environment" | "workingDirectory" | "inputs" | "outputs" | "wrapper" | "component"
>;

/**
 * The arguments of a script as words for the shell.
 *
 * @throws {PlaceholderError} A placeholder in them cannot be filled in.
 */
export function argumentWords(words: readonly string[], terms: CommandTerms): string {
  return filledWords(words, "`arguments`", new Values(terms)).join(" ");
}

/** The program with its words and variables, started by the wrapper where there is one. */
function started({ environment, ...terms }: CommandTerms, program: string, words: string): string {
  const [wrapper, ...others] = filledWords(terms.wrapper, "`wrapper`", new Values(terms));
  return wrapper === undefined
    ? withEnvironment(environment, program, words)
    : withEnvironment(environment, wrapper, [...others, program, words].join(" ").trimEnd());
}

/**
 * The payload as a command.
 *
 * @throws {SluiceError} It cannot be run as it is; nothing has been sent.
 */
export function payloadCommand(payload: RunnablePayload, terms: CommandTerms): PayloadCommand {
  const values = new Values(terms);
  switch (payload.kind) {
    case "function": {
      const { words, ...rest } = functionCall(payload, PAYLOAD_FILE, values);
      return { ...rest, command: started(terms, "env", words) };
    }
    case "script":
    case "remote_script": {
      const text = payload.kind === "script"
        ? scriptText(payload.script, values)
        : remoteScriptProgram(payload.path);
      const { lines, options } = scriptDirectives(
        payload.kind === "script" ? payload.script : (payload.directives ?? []).join("\n"),
      );
      const words = argumentWords(payload.arguments, terms);
      return {
        files: [{ name: PAYLOAD_FILE, text, executable: true }],
        command: started(terms, `"$sluice_dir"/${PAYLOAD_FILE}`, words),
        directives: lines,
        directiveOptions: options,
      };
    }
    case "command": {
      const [program = "''", ...words] = filledWords(payload.command, "`command`", values);
      return {
        files: [],
        command: started(terms, program, words.join(" ")),
        directives: [],
        directiveOptions: [],
      };
    }
  }
}

function scriptText(script: string, values: Values): string {
  checkScript(script);
  return filledScript(script, values);
}

/** The words of srun before those of what it starts. */
function srunWords(srun: Work["srun"]): string {
  const options = typeof srun === "boolean" ? {} : srun.options;
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === false) return [];
    return [quote(value === true ? `--${name}` : `--${name}=${value}`)];
  }).map((word) => `${word} `).join("");
}

/** What runs the command, with srun once for each task where that is asked for and there is one. */
function bodyOf(
  command: string,
  { srun }: Work,
  place: LaunchPlace,
): Pick<ExecutionPlan, "body" | "srun"> {
  if (srun === false || place.kind === "host") return { body: [`exec ${command}`] };
  return {
    srun: true,
    body: [
      // srun does not take it over from sbatch since release 22.05.
      'if [ -n "${SLURM_CPUS_PER_TASK:-}" ]; then',
      "  SRUN_CPUS_PER_TASK=${SRUN_CPUS_PER_TASK:-$SLURM_CPUS_PER_TASK}",
      "  export SRUN_CPUS_PER_TASK",
      "fi",
      `exec "$sluice_srun" ${srunWords(srun)}${command}`,
    ],
  };
}

/**
 * Runs a script by its own interpreter, or a command as it is: no further shell reads its words.
 *
 * A script is sent as it stands, but for the placeholders in one for a shell. Its first line must name the
 * interpreter, and its `#SBATCH` lines are honoured where the spec does not say otherwise.
 */
export const bashLauncher: Launcher = {
  plan(work: Work, place: LaunchPlace): ExecutionPlan {
    const { payload } = work;
    switch (payload.kind) {
      case "script":
      case "remote_script":
      case "function":
      case "command": {
        const { command, ...rest } = payloadCommand(payload, work);
        return { ...rest, ...bodyOf(command, work, place) };
      }
      case "cluster":
      case "allocation":
        throw new PayloadNotLaunchableError(payload.kind, "bash");
    }
  },
};
