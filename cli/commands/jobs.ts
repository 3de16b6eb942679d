/**
 * `sluice jobs`: list jobs.
 *
 * @module
 */

import type { Command } from "commander";
import { z } from "zod";
import type { JobView } from "../../model/mod.ts";
import { clusterNameSchema, jobPhaseSchema, sessionIdSchema } from "../../model/mod.ts";
import { clientCommand, jsonLine } from "../client_command.ts";
import type { CommandContext } from "../command_context.ts";
import { connectionSchema } from "../connection.ts";
import { UsageError } from "../errors.ts";
import { jobTable } from "../format/job.ts";

const pageSize = 500;

const optionsSchema = connectionSchema.extend({
  json: z.boolean().default(false),
  cluster: clusterNameSchema.optional(),
  session: sessionIdSchema.optional(),
  phase: z.array(jobPhaseSchema).optional(),
  label: z.array(z.string()).default([]),
  limit: z.coerce.number().int().min(1).default(20),
  all: z.boolean().default(false),
});

function labels(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(words.map((word) => {
    const place = word.indexOf("=");
    if (place < 1) throw new UsageError(`--label ${word}: there is no value.`, "Write NAME=VALUE.");
    return [word.slice(0, place), word.slice(place + 1)];
  }));
}

/** Makes the command. */
export function jobsCommand(context: CommandContext): Command {
  return clientCommand("jobs", "list jobs, newest first")
    .option("--cluster <name>", "only jobs of this cluster")
    .option("--session <id>", "only steps of this session")
    .option("--phase <phases...>", "only jobs in one of these phases")
    .option("--label <name=value...>", "only jobs with these labels")
    .option("--limit <number>", "how many at the most (default: 20)")
    .option("--all", "all of them")
    .action(async (given: unknown) => {
      const options = optionsSchema.parse(given);
      const client = await context.connect(options);
      const wanted = options.all ? Infinity : options.limit;
      const jobs: JobView[] = [];
      let cursor: string | undefined;
      do {
        const page = await client.jobs.list.query({
          limit: Math.min(pageSize, wanted - jobs.length),
          labels: labels(options.label),
          ...(options.cluster === undefined ? {} : { cluster: options.cluster }),
          ...(options.session === undefined ? {} : { session: options.session }),
          ...(options.phase === undefined ? {} : { phases: options.phase }),
          ...(cursor === undefined ? {} : { cursor }),
        });
        jobs.push(...page.jobs);
        cursor = page.nextCursor;
      } while (cursor !== undefined && jobs.length < wanted);
      const { terminal } = context;
      await terminal.out(
        options.json
          ? jobs.map(jsonLine).join("")
          : jobTable(jobs, terminal.now(), terminal.columns),
      );
    });
}
