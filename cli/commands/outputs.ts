/**
 * `sluice outputs`: the files that a job has made.
 *
 * @module
 */

import type { Command } from "commander";
import { z } from "zod";
import { bytesText, jobIdSchema } from "../../model/mod.ts";
import type { JobOutput } from "../../model/mod.ts";
import { fetchOutputs } from "../../transfers/mod.ts";
import type { CollectedOutput, FetchProgress } from "../../transfers/mod.ts";
import { clientCommand, jsonLine } from "../client_command.ts";
import type { CommandContext } from "../command_context.ts";
import { connectionSchema } from "../connection.ts";
import { UsageError } from "../errors.ts";
import { outputTable } from "../format/output.ts";
import { interruptible } from "../interruptible.ts";
import { clientOutputs } from "../output_source.ts";
import { ProgressLine } from "../progress_line.ts";

const optionsSchema = connectionSchema.extend({
  json: z.boolean().default(false),
  to: z.string().min(1).optional(),
  task: z.coerce.number().int().nonnegative().optional(),
});

/** Exit status where outputs that were asked for by name cannot be fetched. */
const notCollectedCode = 1;

/** Makes the command. */
export function outputsCommand(context: CommandContext): Command {
  return clientCommand("outputs", "list the files that a job has made, or fetch them")
    .argument("<id>", "the job's id")
    .argument("[name...]", "outputs to be fetched (default: all that were collected)")
    .option("--to <directory>", "fetch them into this directory")
    .option("--task <number>", "task of an array, or component")
    .action(async (word: string, names: readonly string[], given: unknown) => {
      const { to, task, json, ...connection } = optionsSchema.parse(given);
      if (to === undefined && names.length > 0) {
        throw new UsageError("A name says what is fetched.", "Add --to with a directory.");
      }
      const id = jobIdSchema.parse(word);
      const client = await context.connect(connection);
      const part = task === undefined ? {} : { task };
      const { outputs } = await client.jobs.result.query({ id, ...part });
      if (outputs === undefined) {
        throw new UsageError(
          "There are no outputs to be told of now.",
          "Name a task of the job by --task, or try again when the cluster is reachable and its files are kept.",
        );
      }
      const { terminal } = context;
      if (to === undefined) {
        await terminal.out(
          json ? outputs.map(jsonLine).join("") : outputTable(outputs, terminal.columns),
        );
        return;
      }
      const wanted = chosen(outputs, names);
      let progress: FetchProgress = { bytes: 0, total: 0, name: "" };
      context.finish(
        await interruptible(terminal, async (signal) => {
          await using line = new ProgressLine(
            terminal,
            () => `${progress.name}: ${bytesText(progress.bytes)} of ${bytesText(progress.total)}`,
          );
          const source = clientOutputs(client, { jobId: id, ...part }, signal);
          const fetched = await fetchOutputs(wanted, source, to, (now) => progress = now, signal)
            .catch((error) => {
              if (signal.aborted) return [];
              throw error;
            });
          for (const { output, path, linksLeftOut } of fetched) {
            await line.write("out", json ? jsonLine({ ...output, fetched: path }) : `${path}\n`);
            for (const link of linksLeftOut) {
              await line.write(
                "err",
                `${path}/${link.path} is left out, a link to ${link.target}\n`,
              );
            }
          }
        }),
      );
      const asked = names.length === 0 ? [] : outputs.filter(({ name }) => names.includes(name));
      for (const { name, status } of asked) {
        if (status === "collected") continue;
        await terminal.err(`${name} is not fetched: ${status.replace("_", " ")}\n`);
        context.finish(notCollectedCode);
      }
    });
}

/** Those of the names, or all that were collected. */
function chosen(outputs: readonly JobOutput[], names: readonly string[]): CollectedOutput[] {
  const unknown = names.find((name) => outputs.every((output) => output.name !== name));
  if (unknown !== undefined) {
    throw new UsageError(
      `The job has no output ${JSON.stringify(unknown)}.`,
      `Name one of: ${outputs.map(({ name }) => name).join(", ")}.`,
    );
  }
  return outputs.flatMap((output) =>
    output.status === "collected" && (names.length === 0 || names.includes(output.name))
      ? [output]
      : []
  );
}
