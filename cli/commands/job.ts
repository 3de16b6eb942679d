/**
 * `sluice job`: one job in full.
 *
 * @module
 */

import type { Command } from "commander";
import { z } from "zod";
import { clientCommand, jsonLine } from "../client_command.ts";
import type { CommandContext } from "../command_context.ts";
import { connectionSchema } from "../connection.ts";
import { jobDetails } from "../format/job.ts";

const optionsSchema = connectionSchema.extend({ json: z.boolean().default(false) });

/** Makes the command. */
export function jobCommand(context: CommandContext): Command {
  return clientCommand("job", "show one job")
    .argument("<id>", "the job's id")
    .action(async (id: string, given: unknown) => {
      const options = optionsSchema.parse(given);
      const client = await context.connect(options);
      const job = await client.jobs.get.query({ id });
      const { terminal } = context;
      await terminal.out(options.json ? jsonLine(job) : jobDetails(job, terminal.columns));
    });
}
