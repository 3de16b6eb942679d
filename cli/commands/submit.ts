/**
 * `sluice submit` and `sluice preview`: send a job, or see what would be sent.
 *
 * @module
 */

import type { Command } from "commander";
import { z } from "zod";
import type { JobSpec } from "../../model/mod.ts";
import type { SluiceClient } from "../../rpc/mod.ts";
import { clientCommand, jsonLine, repeated } from "../client_command.ts";
import { onlyCluster } from "../only_cluster.ts";
import type { CommandContext } from "../command_context.ts";
import { connectionSchema } from "../connection.ts";
import { UsageError } from "../errors.ts";
import { exitCodesHelp, interruptedCode, jobExitCode } from "../exit_code.ts";
import { endText } from "../format/job.ts";
import { jobSpec, submitOptionsSchema } from "../job_spec.ts";
import { readPayload } from "../payload.ts";
import { readSpecFile } from "../spec_file.ts";
import { resourceFlags } from "../resource_options.ts";
import type { Flag } from "../resource_options.ts";
import { repeatedWorkFlags, workFlags } from "../work_options.ts";
import { detachedText, watchJob } from "../watch_job.ts";

const optionsSchema = connectionSchema.extend(submitOptionsSchema.shape).extend({
  json: z.boolean().default(false),
  cluster: z.string().optional(),
  wait: z.boolean().default(false),
  follow: z.boolean().default(false),
  preview: z.boolean().default(false),
  spec: z.string().optional(),
  remoteScript: z.string().optional(),
});

type Options = z.infer<typeof optionsSchema>;

const softwareFlags: readonly Flag[] = [
  ["--conda <name>", "conda environment on the cluster, by its name or path"],
  ["--venv <directory>", "Python virtual environment on the cluster"],
  ["--archive <file>", "packed environment where the server runs; it is sent once"],
  ["--activate <script>", "what is sourced of the archive (default: activate.sh)"],
];

const careFlags: readonly Flag[] = [
  ["--key <word>", "submitted again with the same key, it is the same job"],
  ["--retry <times>", "try again so often after a failure"],
  [
    "--retry-on <outcomes>",
    "only after these: failed, timed_out, out_of_memory, node_failed, preempted",
  ],
  ["--retry-delay <seconds>", "wait before the second attempt; doubles from then on (default: 10)"],
  ["--signal-before-limit <signal@seconds>", "warn the job before its time limit, such as USR1@60"],
];

/** A command with every option that says what a job is. */
function specCommand(name: string, description: string): Command {
  return withSpecOptions(clientCommand(name, description))
    .usage("[options] SCRIPT [ARGUMENTS] | - | -- COMMAND [ARGUMENTS] | --spec FILE")
    .argument("[script...]", "a script and its arguments; - reads it from standard input")
    .option("-a, --array <tasks>", "tasks of a job array, such as 0-19%5")
    .option("--count <number>", "so many copies, as one job array with tasks from 0 on")
    .option("--remote-script <path>", "a script on the cluster; the words are its arguments");
}

/** The command with the options that say what one job is, beside its payload. */
export function withSpecOptions(command: Command): Command {
  command
    .option("--cluster <name>", "where to run (default: the only cluster there is)")
    .option("--spec <file>", "a job in YAML or JSON; other options win over what it says")
    .option("--session <id>", "run it as a step of this session: its id, or a configured name")
    .option("-J, --name <name>", "name of the job (default: that of the script)")
    .option("-D, --chdir <directory>", "where the job starts (default: its own directory)")
    .addOption(
      repeated(
        "--output <name=location>",
        "a file that the job makes, by name; its place is outputs/NAME or the location; may be repeated",
      ),
    )
    .addOption(repeated("-e, --env <name=value>", "environment variable; may be repeated"))
    .addOption(
      repeated("--label <name=value>", "word of your own to find the job by; may be repeated"),
    )
    .addOption(
      repeated(
        "--option <name=value>",
        "any other sbatch option by its long name; may be repeated",
      ),
    );
  command.addOption(repeated("--module <name>", "module that is loaded; may be repeated"));
  for (const [flags, text] of repeatedWorkFlags) command.addOption(repeated(flags, text));
  for (const [flags, text] of [...workFlags, ...resourceFlags, ...softwareFlags, ...careFlags]) {
    command.option(flags, text);
  }
  return command;
}

interface Prepared {
  readonly client: SluiceClient;
  readonly spec: JobSpec;
}

async function prepare(
  context: CommandContext,
  words: readonly string[],
  options: Options,
): Promise<Prepared> {
  const file = options.spec === undefined ? {} : await readSpecFile(options.spec, context.terminal);
  const { remoteScript } = options;
  const says = remoteScript !== undefined || words.length > 0 || (context.rest ?? []).length > 0;
  const { payload, name } = says || file["payload"] === undefined
    ? await readPayload({ remoteScript, words, rest: context.rest }, context.terminal)
    : { payload: undefined, name: undefined };
  const client = await context.connect(options);
  const named = options.name ?? (file["name"] === undefined ? name : undefined);
  const { cluster = file["cluster"] ?? await onlyCluster(client) } = options;
  return {
    client,
    spec: jobSpec(
      cluster,
      payload,
      { ...options, ...(named === undefined ? {} : { name: named }) },
      file,
    ),
  };
}

async function preview(
  context: CommandContext,
  { client, spec }: Prepared,
  options: Options,
): Promise<void> {
  const shown = await client.jobs.preview.query(spec);
  await context.terminal.out(
    options.json
      ? jsonLine(shown)
      : `# in ${shown.directory}\n${shown.commandLine}\n\n# batch script\n${shown.script}` +
        (shown.payload === undefined ? "" : `\n# payload\n${shown.payload}`),
  );
}

async function submit(
  context: CommandContext,
  { client, spec }: Prepared,
  options: Options,
): Promise<void> {
  const { terminal } = context;
  const job = await client.jobs.submit.mutate(spec);
  const told = options.json ? jsonLine(job) : `${job.id}\n`;
  // With --follow standard output is the job's alone.
  await (options.follow ? terminal.err(told) : terminal.out(told));
  if (!options.wait && !options.follow) return;
  const follow = options.follow && job.tasks === undefined;
  if (options.follow && !follow) {
    await terminal.err("The outputs of an array are not followed together; waiting only.\n");
  }
  const ended = await watchJob(client, job, { follow }, terminal);
  if (ended === undefined) {
    await terminal.err(detachedText(job.id));
    context.finish(interruptedCode);
    return;
  }
  if (options.json) await terminal.out(jsonLine(ended));
  else await terminal.err(`${endText(ended)}\n`);
  context.finish(jobExitCode(ended));
}

/** Makes `sluice submit`. */
export function submitCommand(context: CommandContext): Command {
  return specCommand("submit", "submit a job; prints its id")
    .option("--wait", "wait until the job has ended, and end with its exit status")
    .option("--follow", "wait, and copy the job's output to this command's")
    .option("--preview", "show what would be sent and send nothing")
    .addHelpText("after", `\n${exitCodesHelp}`)
    .action(async (words: readonly string[], given: unknown) => {
      const options = optionsSchema.parse(given);
      if (options.follow && options.json) {
        throw new UsageError(
          "--follow and --json both want standard output.",
          "Use --wait --json, and `sluice logs --json` beside it.",
        );
      }
      if (options.follow && (options.array !== undefined || options.count !== undefined)) {
        throw new UsageError(
          "The outputs of an array are not followed together.",
          "Submit with --wait, and follow one task: sluice logs -f ID --task NUMBER",
        );
      }
      const prepared = await prepare(context, words, options);
      await (options.preview ? preview : submit)(context, prepared, options);
    });
}

/** Makes `sluice preview`. */
export function previewCommand(context: CommandContext): Command {
  return specCommand("preview", "show what would be sent for a job, and send nothing")
    .action(async (words: readonly string[], given: unknown) => {
      const options = optionsSchema.parse(given);
      await preview(context, await prepare(context, words, options), options);
    });
}
