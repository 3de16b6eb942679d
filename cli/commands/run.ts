/**
 * `sluice run`: call a function as a job and print what it returns.
 *
 * @module
 */

import { basename } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { isFinal, jobNameSchema } from "../../model/mod.ts";
import type { FunctionEnd, JobId, JobSpecInput, JsonValue, Returned } from "../../model/mod.ts";
import { functionEnd } from "../../rpc/mod.ts";
import { clientCommand, jsonLine, repeated } from "../client_command.ts";
import type { CommandContext } from "../command_context.ts";
import { connectionSchema } from "../connection.ts";
import { UsageError } from "../errors.ts";
import { exitCodesHelp, jobExitCode } from "../exit_code.ts";
import { interruptible } from "../interruptible.ts";
import { jobSpec, submitOptionsSchema } from "../job_spec.ts";
import { onlyCluster } from "../only_cluster.ts";
import { readText } from "../payload.ts";
import { readSpecFile } from "../spec_file.ts";
import type { Terminal } from "../terminal.ts";
import { detachedText } from "../watch_job.ts";
import { withSpecOptions } from "./submit.ts";

const optionsSchema = connectionSchema.extend(submitOptionsSchema.shape).extend({
  json: z.boolean().default(false),
  cluster: z.string().optional(),
  spec: z.string().optional(),
  keyword: z.array(z.string()).default([]),
  interpreter: z.string().optional(),
  onCluster: z.boolean().default(false),
});

type Options = z.infer<typeof optionsSchema>;

type FunctionPayload = Extract<JobSpecInput["payload"], { kind: "function" }>;

/** Which language a file is in. */
function languageOf(file: string): FunctionPayload["language"] {
  if (file.endsWith(".py")) return "python";
  if (/\.(?:ts|mts|tsx|js|mjs|jsx)$/.test(file)) return "typescript";
  throw new UsageError(
    `The language of ${file} is not known.`,
    "Name a file whose name ends in `.py`, or in `.ts` or another of JavaScript's endings.",
  );
}

function parseJson(word: string, what: string): JsonValue {
  try {
    return JSON.parse(word);
  } catch (error) {
    throw new UsageError(
      `${what} is not JSON: ${word}`,
      `Write it as JSON, and a text with its quotes: '"text"'.`,
      error,
    );
  }
}

function keywordsOf(words: readonly string[]): Record<string, JsonValue> {
  return Object.fromEntries(words.map((word) => {
    const sign = word.indexOf("=");
    if (sign < 1) throw new UsageError(`--keyword ${word} has no value.`, "Write NAME=JSON.");
    return [word.slice(0, sign), parseJson(word.slice(sign + 1), `The value of ${word}`)];
  }));
}

/** The function that `FILE:NAME` names, as a payload. */
async function payloadOf(
  [target = "", ...words]: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<FunctionPayload> {
  const sign = target.lastIndexOf(":");
  const file = target.slice(0, sign);
  const name = target.slice(sign + 1);
  if (sign < 1 || name === "") {
    throw new UsageError(`${target} names no function.`, "Write FILE:NAME, such as tides.py:fit.");
  }
  return {
    kind: "function",
    language: languageOf(file),
    module: options.onCluster
      ? { path: file }
      : { text: await readText(file, "module", terminal), file: basename(file) },
    name,
    arguments: words.map((word, index) => parseJson(word, `Argument ${index + 1}`)),
    keywords: keywordsOf(options.keyword),
    ...(options.interpreter === undefined ? {} : { interpreter: options.interpreter.split(" ") }),
  };
}

/** What is told of a job whose function has left nothing or raised. */
function troubleText(id: JobId, returned: Returned | undefined): string {
  if (returned?.kind !== "exception") {
    return `The function left no result; what it wrote is shown by: sluice logs ${id} --stream stderr\n`;
  }
  const { traceback, type, message } = returned;
  return traceback === "" ? `${type}: ${message}\n` : `${traceback.trimEnd()}\n`;
}

/** Tells what became of the function; gives the status to end with. */
async function tell(
  { id, phase, exitCode, signal, error, returned }: FunctionEnd,
  terminal: Terminal,
): Promise<number> {
  if (returned?.kind === "value") await terminal.out(jsonLine(returned.value));
  else if (error !== undefined) await terminal.err(`${error.message}\n${error.next}\n`);
  else await terminal.err(troubleText(id, returned));
  // Of a payload that has ended well the scheduler may not have said so yet.
  return isFinal(phase) ? jobExitCode({ phase, exitCode, signal }) : 0;
}

async function run(
  context: CommandContext,
  words: readonly string[],
  options: Options,
): Promise<void> {
  const { terminal } = context;
  const file = options.spec === undefined ? {} : await readSpecFile(options.spec, terminal);
  const payload = await payloadOf(words, options, terminal);
  const client = await context.connect(options);
  const { cluster = file["cluster"] ?? await onlyCluster(client) } = options;
  const own = jobNameSchema.safeParse(payload.name);
  const name = options.name ?? (file["name"] === undefined && own.success ? own.data : undefined);
  const spec = jobSpec(
    cluster,
    payload,
    { ...options, ...(name === undefined ? {} : { name }) },
    file,
  );
  const { id } = await client.jobs.submit.mutate(spec);
  let end: FunctionEnd | undefined;
  const left = await interruptible(terminal, async (signal) => {
    try {
      end = await functionEnd(client, id, { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  });
  if (end === undefined) {
    await terminal.err(detachedText(id));
    context.finish(left);
  } else {
    context.finish(await tell(end, terminal));
  }
}

/** Makes `sluice run`. */
export function runCommand(context: CommandContext): Command {
  return withSpecOptions(clientCommand("run", "call a function as a job and print what it returns"))
    .usage("[options] FILE:NAME [JSON...] | FILE:NAME -- JSON...")
    .argument("<function>", "file of Python or TypeScript, and a name in it: tides.py:fit")
    .argument("[arguments...]", "its arguments, each as JSON")
    .addOption(repeated("--keyword <name=json>", "argument by name (Python); may be repeated"))
    .option("--on-cluster", "FILE is a path on the cluster (default: it is here, and is sent)")
    .option("--interpreter <program>", "what runs it (default: python3, or deno)")
    .addHelpText("after", `\n${exitCodesHelp}`)
    .action(async (target: string, words: readonly string[], given: unknown) => {
      const options = optionsSchema.parse(given);
      await run(context, [target, ...words, ...context.rest ?? []], options);
    });
}
