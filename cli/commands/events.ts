/**
 * `sluice events`: what happens to jobs.
 *
 * @module
 */

import type { Command } from "commander";
import { z } from "zod";
import { jobEvents } from "../../rpc/mod.ts";
import { clientCommand, jsonLine } from "../client_command.ts";
import type { CommandContext } from "../command_context.ts";
import { connectionSchema } from "../connection.ts";
import { eventLine } from "../format/event.ts";
import { interruptible } from "../interruptible.ts";

const optionsSchema = connectionSchema.extend({
  json: z.boolean().default(false),
  cluster: z.string().optional(),
  messages: z.boolean().default(false),
  after: z.coerce.number().int().nonnegative().default(0),
});

/** Makes the command. */
export function eventsCommand(context: CommandContext): Command {
  return clientCommand("events", "print events, the past first, then as they come")
    .argument("[id]", "only of this job; the command ends with the job")
    .option("--cluster <name>", "only of jobs of this cluster")
    .option("--messages", "only what the payloads say")
    .option("--after <event>", "only events after the one of this number")
    .action(async (jobId: string | undefined, given: unknown) => {
      const options = optionsSchema.parse(given);
      const client = await context.connect(options);
      const { terminal } = context;
      const filter = {
        ...(jobId === undefined ? {} : { jobId }),
        ...(options.cluster === undefined ? {} : { cluster: options.cluster }),
      };
      context.finish(
        await interruptible(terminal, async (signal) => {
          const feed = jobEvents(client, filter, { after: options.after, signal });
          for await (const event of feed) {
            if (options.messages && event.fact.type !== "message") continue;
            await terminal.out(options.json ? jsonLine(event) : eventLine(event));
          }
        }),
      );
    });
}
