/**
 * How a job calls its function. Pure.
 *
 * @module
 */

import { withFunction } from "../../model/mod.ts";
import type { FunctionPayload } from "../../model/mod.ts";
import { commandLine, quote, quotePath } from "../../shell/mod.ts";
import { checkScript, scriptDirectives } from "../../slurm/mod.ts";
import { filledScript } from "../placeholders/script.ts";
import type { Values } from "../placeholders/values.ts";
import type { ExecutionPlan, PlanFile } from "../plan.ts";
import { FUNCTION_EXIT_CODES, FunctionScriptError } from "./errors.ts";
import { FUNCTION_RUNNERS } from "./program.ts";

/** Name of the program in the attempt's directory that calls the function. */
const FUNCTION_FILE = "function.sh";

/** Name of the file in the attempt's directory that says what to call, and with what. */
const CALL_FILE = "function_call.json";

/** Variables of the function's program: where that itself lies, and the file for what the function returns. */
const VARIABLES =
  `SLUICE_FUNCTION="$sluice_dir"/${FUNCTION_FILE} SLUICE_RESULT="$SLUICE_JOB_DIRECTORY/result$sluice_suffix"`;

/**
 * The shell commands that look for the configuration of the module's project and make an option of Deno of it, the
 * first word behind. Deno itself looks beside the program that it starts, which is the runner.
 */
function findProject(path: string): string[] {
  return [
    `sluice_above=${quotePath(path)}`,
    "case $sluice_above in /*) ;; *) sluice_above=$PWD/$sluice_above ;; esac",
    "set --",
    'while [ -n "$sluice_above" ] && [ $# = 0 ]; do',
    "  sluice_above=${sluice_above%/*}",
    "  for sluice_config in deno.json deno.jsonc; do",
    '    if [ $# = 0 ] && [ -f "$sluice_above/$sluice_config" ]; then',
    '      set -- "--config=$sluice_above/$sluice_config"',
    "    fi",
    "  done",
    "done",
  ];
}

/** The program that calls the function, whoever starts it, wherever. */
function functionProgram({ language, interpreter, module }: FunctionPayload): string {
  const runner = FUNCTION_RUNNERS[language];
  const project = language === "typescript" && interpreter === undefined && "path" in module
    ? findProject(module.path)
    : [];
  const [program = "", ...flags] = interpreter ?? runner.interpreter;
  const message = `there is no ${program} here: name the software that brings it, or 'interpreter'`;
  const outcome = {
    exception: { stage: "interpreter", type: "InterpreterNotFound", message, traceback: "" },
  };
  const files = `"$sluice_dir"/${runner.file} "$sluice_dir"/${CALL_FILE} "$SLUICE_RESULT"`;
  return [
    "#!/bin/sh",
    "# Calls the function of the job, and leaves what it returned in the file $SLUICE_RESULT.",
    "sluice_dir=${0%/*}",
    `if ! command -v ${quotePath(program)} >/dev/null; then`,
    `  printf 'sluice: %s\\n' ${quote(message)} >&2`,
    '  if [ "${SLURM_PROCID:-0}" = 0 ]; then',
    `    printf '%s\\n' ${quote(JSON.stringify(outcome))} >"\${SLUICE_RESULT%/*}/.result.$$" &&`,
    '      mv -f -- "${SLUICE_RESULT%/*}/.result.$$" "$SLUICE_RESULT"',
    "  fi",
    `  exit ${FUNCTION_EXIT_CODES.interpreter}`,
    "fi",
    ...project,
    `exec ${
      [quotePath(program), commandLine(flags), project.length === 0 ? "" : '"$@"', files]
        .filter(Boolean).join(" ")
    }`,
    "",
  ].join("\n");
}

function functionFiles(payload: FunctionPayload): PlanFile[] {
  const { language, module, name, arguments: words, keywords } = payload;
  const runner = FUNCTION_RUNNERS[language];
  const call = {
    module: "path" in module ? module : { text: module.text, file: module.file ?? runner.module },
    name,
    arguments: words,
    keywords,
  };
  return [
    { name: FUNCTION_FILE, text: functionProgram(payload), executable: true },
    { name: runner.file, text: runner.text, executable: false },
    { name: CALL_FILE, text: JSON.stringify(call), executable: false },
  ];
}

/** Refuses a script that no shell reads: what stands for the call is a word of a shell. */
function checkShell(script: string): void {
  const [first = ""] = script.split("\n", 1);
  const words = first.slice(2).trim().split(/\s+/).map((word) => word.replace(/^.*\//, ""));
  if (!words.some((word) => /^(?:a|ba|da|k|mk|z)?sh$/.test(word))) {
    throw new FunctionScriptError(first);
  }
}

/** The call of a function, and what goes with it. */
export interface FunctionCall extends Omit<ExecutionPlan, "body" | "peers"> {
  /** The words behind `env`, quoted for the shell: variables, and the program that calls the function. */
  readonly words: string;
}

/**
 * The call of a function, alone or in the user's script.
 *
 * @param scriptFile Name of the file for the user's script.
 * @param values What the inputs and outputs in the script stand for.
 * @throws {SluiceError} The script cannot be run as it is.
 */
export function functionCall(
  payload: FunctionPayload,
  scriptFile: string,
  values: Values,
): FunctionCall {
  const files = functionFiles(payload);
  const { script } = payload;
  if (script === undefined) {
    return {
      files,
      words: `${VARIABLES} "$sluice_dir"/${FUNCTION_FILE}`,
      returns: true,
      directives: [],
      directiveOptions: [],
    };
  }
  checkScript(script);
  checkShell(script);
  const { lines, options } = scriptDirectives(script);
  const text = filledScript(withFunction(script, '"$SLUICE_FUNCTION"'), values);
  return {
    files: [...files, { name: scriptFile, text, executable: true }],
    words: `${VARIABLES} "$sluice_dir"/${scriptFile}`,
    returns: true,
    directives: lines,
    directiveOptions: options,
  };
}
