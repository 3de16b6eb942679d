/**
 * `sluice metrics`: what a job has used.
 *
 * @module
 */

import type { Command } from "commander";
import { z } from "zod";
import { clientCommand, jsonLine } from "../client_command.ts";
import type { CommandContext } from "../command_context.ts";
import { connectionSchema } from "../connection.ts";
import { metricsDetails } from "../format/metrics.ts";

const optionsSchema = connectionSchema.extend({ json: z.boolean().default(false) });

/** Makes the command. */
export function metricsCommand(context: CommandContext): Command {
  return clientCommand("metrics", "show what a job has used of what it held")
    .argument("<id>", "the job's id")
    .action(async (id: string, given: unknown) => {
      const options = optionsSchema.parse(given);
      const client = await context.connect(options);
      const metrics = await client.jobs.metrics.query({ id });
      const { terminal } = context;
      await terminal.out(
        options.json ? jsonLine(metrics) : metricsDetails(metrics, terminal.columns),
      );
    });
}
