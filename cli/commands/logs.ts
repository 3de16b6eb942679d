/**
 * `sluice logs`: a job's output, byte for byte.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Command } from "commander";
import { z } from "zod";
import { outputStreamSchema } from "../../model/mod.ts";
import { jobLogs } from "../../rpc/mod.ts";
import { clientCommand, jsonLine } from "../client_command.ts";
import type { CommandContext } from "../command_context.ts";
import { connectionSchema } from "../connection.ts";
import { interruptible } from "../interruptible.ts";

const optionsSchema = connectionSchema.extend({
  json: z.boolean().default(false),
  follow: z.boolean().default(false),
  stream: outputStreamSchema.default("stdout"),
  task: z.coerce.number().int().nonnegative().optional(),
  offset: z.coerce.number().int().nonnegative().default(0),
});

/** Makes the command. */
export function logsCommand(context: CommandContext): Command {
  return clientCommand("logs", "print a job's output, byte for byte")
    .argument("<id>", "the job's id")
    .option("-f, --follow", "go on until the job has ended")
    .option("--stream <stream>", "stdout or stderr (default: stdout)")
    .option("--task <number>", "task of an array")
    .option("--offset <bytes>", "first byte wanted")
    .action(async (jobId: string, given: unknown) => {
      const options = optionsSchema.parse(given);
      const client = await context.connect(options);
      const { terminal } = context;
      const { follow, stream, offset, task } = options;
      const request = { jobId, follow, stream, offset, ...(task === undefined ? {} : { task }) };
      context.finish(
        await interruptible(terminal, async (signal) => {
          for await (const chunk of jobLogs(client, request, { signal })) {
            await terminal.out(
              options.json
                ? jsonLine({
                  offset: chunk.offset,
                  base64: Buffer.from(chunk.bytes).toString("base64"),
                })
                : chunk.bytes,
            );
          }
        }),
      );
    });
}
