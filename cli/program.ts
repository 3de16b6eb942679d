/**
 * The whole command line.
 *
 * @module
 */

import { Command, CommanderError } from "commander";
import { z } from "zod";
import type { ErrorInfo } from "../model/mod.ts";
import { asSluiceError, errorInfo, InvalidInputError, SluiceError } from "../model/mod.ts";
import { clientErrorInfo } from "../rpc/mod.ts";
import type { CommandContext } from "./command_context.ts";
import { cancelCommand } from "./commands/cancel.ts";
import { clustersCommand } from "./commands/clusters.ts";
import { eventsCommand } from "./commands/events.ts";
import { jobCommand } from "./commands/job.ts";
import { jobsCommand } from "./commands/jobs.ts";
import { logsCommand } from "./commands/logs.ts";
import { metricsCommand } from "./commands/metrics.ts";
import { outputsCommand } from "./commands/outputs.ts";
import { resumeCommand } from "./commands/resume.ts";
import { runCommand } from "./commands/run.ts";
import { serveCommand } from "./commands/serve.ts";
import { sessionCommand } from "./commands/session.ts";
import { previewCommand, submitCommand } from "./commands/submit.ts";
import { connect } from "./connection.ts";
import { UsageError } from "./errors.ts";
import { errorExitCode } from "./exit_code.ts";
import { errorText } from "./format/error.ts";
import type { Terminal } from "./terminal.ts";

const usageCode = 2;
/** What a shell reports of a program that wrote to a closed pipe: 128 + SIGPIPE. */
const brokenPipeCode = 141;

interface Words {
  readonly own: readonly string[];
  readonly rest: readonly string[] | undefined;
}

/** Words before the first `--`, and those after it, which no option parser may touch. */
function split(args: readonly string[]): Words {
  const place = args.indexOf("--");
  return place < 0
    ? { own: args, rest: undefined }
    : { own: args.slice(0, place), rest: args.slice(place + 1) };
}

/** Arguments arrive with U+FFFD in place of bytes that are not UTF-8: what was meant is lost. */
function refuseLossyText(args: readonly string[]): void {
  const place = args.findIndex((word) => word.includes("\uFFFD"));
  if (place < 0) return;
  throw new UsageError(
    `Argument ${place + 1} holds bytes that are not UTF-8.`,
    "Write it as UTF-8, or put it into a script and submit that.",
  );
}

/** The command and all below it. */
function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

function infoOf(error: unknown): ErrorInfo {
  if (error instanceof z.ZodError) return errorInfo(new InvalidInputError(error));
  if (error instanceof SluiceError) return errorInfo(error);
  const info = clientErrorInfo(error);
  return info.code === "UNEXPECTED" ? errorInfo(asSluiceError(error)) : info;
}

/**
 * Runs one command.
 *
 * @param args Words of the command line after `sluice`.
 * @returns The exit status.
 */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<number> {
  const { own, rest } = split(args);
  let exitCode = 0;
  const told: { stream: "out" | "err"; text: string }[] = [];
  const context: CommandContext = {
    terminal,
    rest,
    connect: (options) => connect(options, terminal),
    finish: (code) => exitCode = Math.max(exitCode, code),
  };
  const program = new Command("sluice")
    .description("Run work on Slurm clusters: submit, follow and cancel jobs.");
  const commands = [
    serveCommand,
    submitCommand,
    previewCommand,
    runCommand,
    jobsCommand,
    jobCommand,
    eventsCommand,
    logsCommand,
    metricsCommand,
    outputsCommand,
    cancelCommand,
    clustersCommand,
    resumeCommand,
    sessionCommand,
  ];
  for (const make of commands) program.addCommand(make(context));
  for (const command of withSubcommands(program)) {
    command.exitOverride().configureOutput({
      writeOut: (text) => told.push({ stream: "out", text }),
      writeErr: (text) => told.push({ stream: "err", text }),
      getOutHelpWidth: () => terminal.columns ?? 100,
      getErrHelpWidth: () => terminal.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  }
  try {
    try {
      refuseLossyText(args);
      if (rest !== undefined && !["submit", "preview", "run"].includes(own[0] ?? "")) {
        throw new UsageError(
          "`--` has a meaning for submit, preview and run only.",
          "Leave it out.",
        );
      }
      await program.parseAsync([...own], { from: "user" });
      return exitCode;
    } finally {
      for (const { stream, text } of told) await terminal[stream](text);
    }
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageCode;
    if (error instanceof Deno.errors.BrokenPipe) return brokenPipeCode;
    const info = infoOf(error);
    await terminal.err(errorText(info));
    if (own.includes("--debug") && error instanceof Error) await terminal.err(`${error.stack}\n`);
    return errorExitCode(info.code);
  }
}
