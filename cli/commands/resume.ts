/**
 * `sluice resume`: let a cluster work again.
 *
 * @module
 */

import type { Command } from "commander";
import { z } from "zod";
import { clientCommand, jsonLine } from "../client_command.ts";
import type { CommandContext } from "../command_context.ts";
import { connectionSchema } from "../connection.ts";
import { clusterDetails } from "../format/cluster.ts";

const optionsSchema = connectionSchema.extend({ json: z.boolean().default(false) });

/** Makes the command. */
export function resumeCommand(context: CommandContext): Command {
  return clientCommand(
    "resume",
    "connect to a cluster at once, also where a login had been refused, and go on with its jobs",
  )
    .argument("<name>", "the cluster")
    .action(async (name: string, given: unknown) => {
      const options = optionsSchema.parse(given);
      const client = await context.connect(options);
      const cluster = await client.clusters.resume.mutate({ name });
      const { terminal } = context;
      await terminal.out(
        options.json ? jsonLine(cluster) : clusterDetails(cluster, terminal.now()),
      );
    });
}
