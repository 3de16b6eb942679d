/**
 * Runs programs on this machine for the test cluster.
 *
 * Everything goes through `sh`, so that one run permission is enough and programs that a package
 * brought a moment ago are found. Arguments are passed as arguments, never as script text.
 *
 * @module
 */

import { throughShell } from "../../shell/mod.ts";
import { TestbedError } from "./errors.ts";

/** What a program left behind. */
export interface CommandResult {
  /** Exit code; 128 and the signal's number if a signal ended it. */
  readonly code: number;
  /** All of its standard output, as UTF-8. */
  readonly stdout: string;
  /** All of its standard error, as UTF-8. */
  readonly stderr: string;
}

/** How to run a program. */
export interface CommandOptions {
  /** What it reads on standard input. Default: nothing. */
  readonly stdin?: string | Uint8Array<ArrayBuffer>;
  /** Variables on top of a minimal environment of PATH, HOME and LC_ALL. Default: none. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory. Default: `/`. */
  readonly cwd?: string;
}

/** The environment of every program, whatever the caller's own is. */
export const BASE_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  LC_ALL: "C.UTF-8",
  DEBIAN_FRONTEND: "noninteractive",
};

/** Runs a program to its end, whatever its exit code. */
export function attempt(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return collect(throughShell([program, ...args]), options);
}

/** Runs a program to its end; raises `TESTBED_COMMAND_FAILED` if it fails, else gives its output. */
export async function run(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  return succeed(await attempt(program, args, options), [program, ...args].join(" "));
}

/** Runs a fixed POSIX shell script with `args` as `$1` and on, whatever its exit code. */
export function attemptScript(
  script: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return collect(["-c", script, "sh", ...args], options);
}

/** Like {@linkcode attemptScript}; `what` names the script in the error if it fails. */
export async function runScript(
  what: string,
  script: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  return succeed(await attemptScript(`set -eu\n${script}`, args, options), what);
}

async function collect(args: string[], options: CommandOptions): Promise<CommandResult> {
  const child = new Deno.Command("sh", {
    args,
    clearEnv: true,
    env: { ...BASE_ENVIRONMENT, ...options.env },
    cwd: options.cwd ?? "/",
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const written = options.stdin === undefined ? Promise.resolve() : feed(child, options.stdin);
  const [output] = await Promise.all([child.output(), written]);
  const decoder = new TextDecoder();
  return {
    code: output.code,
    stdout: decoder.decode(output.stdout),
    stderr: decoder.decode(output.stderr),
  };
}

async function feed(child: Deno.ChildProcess, input: string | Uint8Array<ArrayBuffer>) {
  const writer = child.stdin.getWriter();
  try {
    await writer.write(typeof input === "string" ? new TextEncoder().encode(input) : input);
    await writer.close();
  } catch (error) {
    // A program may end without reading all of its input; its exit code says whether that was right.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

function succeed(result: CommandResult, what: string): string {
  if (result.code === 0) return result.stdout;
  const said = (result.stderr.trim() || result.stdout.trim()).split("\n").slice(-5).join("\n");
  throw new TestbedError(
    "TESTBED_COMMAND_FAILED",
    `"${what}" ended with code ${result.code}${said === "" ? "." : `: ${said}`}`,
    "Read the message; then run `deno task testbed up` again, or `deno task testbed down` first.",
  );
}
