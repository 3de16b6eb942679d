/**
 * `sluice cancel`: end jobs.
 *
 * @module
 */

import type { Command } from "commander";
import { z } from "zod";
import { cancelOptionsSchema, parseInput } from "../../model/mod.ts";
import { clientErrorInfo } from "../../rpc/mod.ts";
import { clientCommand, jsonLine } from "../client_command.ts";
import type { CommandContext } from "../command_context.ts";
import { connectionSchema } from "../connection.ts";
import { errorExitCode } from "../exit_code.ts";
import { errorText } from "../format/error.ts";

const optionsSchema = connectionSchema.extend({
  json: z.boolean().default(false),
  task: z.coerce.number().int().nonnegative().optional(),
  signal: z.preprocess(
    (name) => typeof name === "string" ? name.toUpperCase().replace(/^SIG/, "") : name,
    cancelOptionsSchema.shape.signal,
  ).optional(),
  grace: z.coerce.number().nonnegative().optional(),
});

/** Makes the command. */
export function cancelCommand(context: CommandContext): Command {
  return clientCommand("cancel", "ask for jobs to be ended; asking again changes nothing")
    .argument("<ids...>", "the jobs' ids")
    .option("--task <number>", "only this task of an array")
    .option(
      "--signal <name>",
      "send this signal first, such as INT, and end the job only after the grace period",
    )
    .option("--grace <seconds>", "grace period after the signal (default: 30)")
    .action(async (ids: readonly string[], given: unknown) => {
      const options = optionsSchema.parse(given);
      const how = parseInput(cancelOptionsSchema, {
        task: options.task,
        signal: options.signal,
        graceSeconds: options.grace,
      });
      const client = await context.connect(options);
      const { terminal } = context;
      for (const id of ids) {
        try {
          const result = await client.jobs.cancel.mutate({ id, ...how });
          await terminal.out(
            options.json
              ? jsonLine(result)
              : `${id} ${result.accepted ? "is being cancelled" : `had ended: ${result.phase}`}\n`,
          );
        } catch (error) {
          // The other jobs are cancelled all the same.
          const info = clientErrorInfo(error);
          await terminal.err(errorText({ ...info, message: `${id}: ${info.message}` }));
          context.finish(errorExitCode(info.code));
        }
      }
    });
}
