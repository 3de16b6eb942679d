/**
 * `sluice serve`: run the server.
 *
 * @module
 */

import { Command } from "commander";
import { z } from "zod";
import type { Token } from "../../config/mod.ts";
import { ensureToken, loadConfig } from "../../config/mod.ts";
import { serve } from "../../rpc/mod.ts";
import type { CommandContext } from "../command_context.ts";
import { configureLogging } from "../logging.ts";
import type { Terminal } from "../terminal.ts";

const logLevels = ["trace", "debug", "info", "warning", "error", "fatal"] as const;

const optionsSchema = z.object({
  config: z.string().optional(),
  host: z.string().optional(),
  port: z.string().optional(),
  logLevel: z.enum(logLevels).default("info"),
  logFormat: z.enum(["text", "json"]).default("text"),
});

function tokenText({ source }: Token): string {
  return source.kind === "file"
    ? `Its token lies in ${source.path}`
    : "Its token is the one of SLUICE_TOKEN or the configuration";
}

/** Resolves at the first interrupt. */
function interrupted(terminal: Terminal): { promise: Promise<void>; release(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, release: terminal.onInterrupt(resolve) };
}

/** Makes the command. */
export function serveCommand(context: CommandContext): Command {
  const { terminal } = context;
  return new Command("serve")
    .description("run the server until Ctrl-C; jobs go on when it stops")
    .option(
      "--config <file>",
      "the configuration (default: sluice.yaml here or in ~/.config/sluice)",
    )
    .option("--host <address>", "address to listen on (default: 127.0.0.1)")
    .option("--port <number>", "port to listen on; 0 takes a free one (default: 7878)")
    .option("--log-level <level>", `one of ${logLevels.join(", ")} (default: info)`)
    .option("--log-format <format>", "text or json (default: text)")
    .option("--debug", "print the stack of errors")
    .action(async (given: unknown) => {
      const options = optionsSchema.parse(given);
      const config = await loadConfig({
        env: (name) => {
          // What the command line says wins over the environment.
          if (name === "SLUICE_HOST") return options.host ?? terminal.env(name);
          if (name === "SLUICE_PORT") return options.port ?? terminal.env(name);
          return terminal.env(name);
        },
        ...(options.config === undefined ? {} : { path: options.config }),
      });
      let logged: Promise<void> = Promise.resolve();
      await configureLogging(
        { level: options.logLevel, format: options.logFormat },
        (line) => logged = logged.then(() => terminal.err(line)),
      );
      const token = await ensureToken(config);
      const stop = interrupted(terminal);
      try {
        // Only this command needs the actors; the others start without them.
        const { Sluice } = await import("../../actors/mod.ts");
        await using sluice = await Sluice.open({ config });
        const { host, ...server } = config.server;
        await using running = serve(sluice, { ...server, hostname: host, token: token.value });
        await terminal.out(`Sluice listens on ${running.url}\n${tokenText(token)}\n`);
        await stop.promise;
        await terminal.err("Stopping; jobs go on.\n");
        await running.shutdown();
      } finally {
        stop.release();
        await logged;
      }
    });
}
