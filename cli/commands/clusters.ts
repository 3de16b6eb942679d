/**
 * `sluice clusters`: where jobs run.
 *
 * @module
 */

import type { Command } from "commander";
import { z } from "zod";
import { clientCommand, jsonLine } from "../client_command.ts";
import type { CommandContext } from "../command_context.ts";
import { connectionSchema } from "../connection.ts";
import { UsageError } from "../errors.ts";
import { clusterDetails, clusterTable, probeDetails } from "../format/cluster.ts";

const optionsSchema = connectionSchema.extend({
  json: z.boolean().default(false),
  probe: z.boolean().default(false),
});

/** Makes the command. */
export function clustersCommand(context: CommandContext): Command {
  return clientCommand("clusters", "list the clusters, or show one")
    .argument("[name]", "one cluster")
    .option("--probe", "ask the cluster itself; connects again where a login had been refused")
    .action(async (name: string | undefined, given: unknown) => {
      const options = optionsSchema.parse(given);
      if (options.probe && name === undefined) {
        throw new UsageError("--probe asks one cluster.", "Write: sluice clusters NAME --probe");
      }
      const client = await context.connect(options);
      const { terminal } = context;
      if (name === undefined) {
        const clusters = await client.clusters.list.query();
        await terminal.out(
          options.json ? clusters.map(jsonLine).join("") : clusterTable(clusters, terminal.columns),
        );
      } else if (options.probe) {
        const probe = await client.clusters.probe.mutate({ name });
        await terminal.out(options.json ? jsonLine(probe) : probeDetails(probe, terminal.columns));
      } else {
        const cluster = await client.clusters.get.query({ name });
        await terminal.out(
          options.json ? jsonLine(cluster) : clusterDetails(cluster, terminal.now()),
        );
      }
    });
}
