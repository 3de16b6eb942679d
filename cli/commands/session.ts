/**
 * `sluice session`: hold nodes, and run jobs as steps in them.
 *
 * @module
 */

import { Command } from "commander";
import { z } from "zod";
import { clusterNameSchema } from "../../model/mod.ts";
import { sessionEvents } from "../../rpc/mod.ts";
import { clientCommand, jsonLine, repeated } from "../client_command.ts";
import type { CommandContext } from "../command_context.ts";
import { connectionSchema } from "../connection.ts";
import { eventLine } from "../format/event.ts";
import { sessionDetails, sessionTable } from "../format/session.ts";
import { interruptible } from "../interruptible.ts";
import { onlyCluster } from "../only_cluster.ts";
import { resourceFlags } from "../resource_options.ts";
import type { Flag } from "../resource_options.ts";
import { sessionOptionsSchema, sessionSpec } from "../session_spec.ts";

const plainSchema = connectionSchema.extend({ json: z.boolean().default(false) });
const openSchema = plainSchema.extend(sessionOptionsSchema.shape).extend({
  cluster: z.string().optional(),
});
const listSchema = plainSchema.extend({
  cluster: clusterNameSchema.optional(),
  all: z.boolean().default(false),
});
const closeSchema = plainSchema.extend({ now: z.boolean().default(false) });
const eventsSchema = plainSchema.extend({
  after: z.coerce.number().int().nonnegative().default(0),
});

const closingFlags: readonly Flag[] = [
  ["--key <word>", "opened again with the same key, it is the same session"],
  ["--max-concurrent <number>", "steps that run at a time; others wait (default: 64)"],
  ["--idle <seconds>", "close when no step has run or waited for so long (default: never)"],
  ["--notice <seconds>", "tell so long before the time limit (default: 300)"],
  ["--on-node-failure <what>", "continue without the node, or end (default: continue)"],
  ["--owner <job>", "close when this job has ended"],
  ["--lease <seconds>", "close unless it is renewed in time"],
];

function openCommand(context: CommandContext): Command {
  const command = clientCommand("open", "ask for the nodes of a session; prints its id")
    .option("--cluster <name>", "where (default: the only cluster there is)")
    .option("-J, --name <name>", "name of the job that holds the nodes")
    .addOption(
      repeated("--label <name=value>", "word of your own to find it by; may be repeated"),
    )
    .addOption(
      repeated(
        "--option <name=value>",
        "any other sbatch option by its long name; may be repeated",
      ),
    );
  for (const [flags, text] of [...resourceFlags, ...closingFlags]) command.option(flags, text);
  return command.action(async (given: unknown) => {
    const options = openSchema.parse(given);
    const client = await context.connect(options);
    const cluster = options.cluster ?? await onlyCluster(client);
    const session = await client.sessions.open.mutate(sessionSpec(cluster, options));
    await context.terminal.out(options.json ? jsonLine(session) : `${session.id}\n`);
  });
}

function listCommand(context: CommandContext): Command {
  return clientCommand("list", "list the sessions that have not closed, newest first")
    .option("--cluster <name>", "only those of this cluster")
    .option("--all", "also those that have closed")
    .action(async (given: unknown) => {
      const options = listSchema.parse(given);
      const client = await context.connect(options);
      const sessions = await client.sessions.list.query({
        live: !options.all,
        ...options.cluster === undefined ? {} : { cluster: options.cluster },
      });
      const { terminal } = context;
      await terminal.out(
        options.json
          ? sessions.map(jsonLine).join("")
          : sessionTable(sessions, terminal.now(), terminal.columns),
      );
    });
}

function showCommand(context: CommandContext): Command {
  return clientCommand("show", "show one session")
    .argument("<id>", "the session's id")
    .action(async (id: string, given: unknown) => {
      const options = plainSchema.parse(given);
      const client = await context.connect(options);
      const session = await client.sessions.get.query({ id });
      const { terminal } = context;
      await terminal.out(
        options.json ? jsonLine(session) : sessionDetails(session, terminal.columns),
      );
    });
}

function closeCommand(context: CommandContext): Command {
  return clientCommand("close", "have a session take no more steps, and give its nodes back")
    .argument("<id>", "the session's id")
    .option("--now", "cancel the steps that it has, instead of letting them end")
    .action(async (id: string, given: unknown) => {
      const options = closeSchema.parse(given);
      const client = await context.connect(options);
      const session = await client.sessions.close.mutate({ id, drain: !options.now });
      await context.terminal.out(
        options.json
          ? jsonLine(session)
          : `${id} ${session.status === "closed" ? "had closed" : "closes"}\n`,
      );
    });
}

function renewCommand(context: CommandContext): Command {
  return clientCommand("renew", "have the lease of a session begin anew")
    .argument("<id>", "the session's id")
    .action(async (id: string, given: unknown) => {
      const options = plainSchema.parse(given);
      const client = await context.connect(options);
      const session = await client.sessions.renew.mutate({ id });
      await context.terminal.out(options.json ? jsonLine(session) : `${id} is renewed\n`);
    });
}

function sessionEventsCommand(context: CommandContext): Command {
  return clientCommand("events", "print the events of a session, to its end")
    .argument("<id>", "the session's id")
    .option("--after <event>", "only events after the one of this number")
    .action(async (id: string, given: unknown) => {
      const options = eventsSchema.parse(given);
      const client = await context.connect(options);
      const { terminal } = context;
      context.finish(
        await interruptible(terminal, async (signal) => {
          for await (const event of sessionEvents(client, id, { after: options.after, signal })) {
            await terminal.out(options.json ? jsonLine(event) : eventLine(event));
          }
        }),
      );
    });
}

/** Makes the command. */
export function sessionCommand(context: CommandContext): Command {
  const command = new Command("session")
    .description(
      "hold nodes, and run jobs as steps in them: open, list, show, close, renew, events",
    );
  for (
    const make of [
      openCommand,
      listCommand,
      showCommand,
      closeCommand,
      renewCommand,
      sessionEventsCommand,
    ]
  ) {
    command.addCommand(make(context));
  }
  return command;
}
