/**
 * Reaching the server.
 *
 * @module
 */

import { z } from "zod";
import type { SluiceConfig } from "../config/mod.ts";
import { loadConfig, readToken, tokenPath } from "../config/mod.ts";
import type { SluiceClient } from "../rpc/mod.ts";
import { createSluiceClient } from "../rpc/mod.ts";
import { TokenMissingError, UsageError } from "./errors.ts";
import type { Terminal } from "./terminal.ts";

/** Options that every command has that talks to the server. */
export const connectionSchema = z.object({
  url: z.string().optional(),
  config: z.string().optional(),
});

/** See {@linkcode connectionSchema}. */
export type ConnectionOptions = z.infer<typeof connectionSchema>;

const wildcards: ReadonlySet<string> = new Set(["0.0.0.0", "::", "[::]"]);

/** Where the server of a configuration is reached on its own machine. */
export function localUrl({ server }: SluiceConfig): string {
  const host = wildcards.has(server.host) ? "127.0.0.1" : server.host;
  return `http://${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${
    server.port === 0 ? 7878 : server.port
  }`;
}

function parseUrl(text: string): URL {
  try {
    const url = new URL(text);
    if (url.protocol === "http:" || url.protocol === "https:") return url;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  throw new UsageError(`'${text}' is not the URL of a server.`, "Write http://HOST:PORT.");
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}

/**
 * A client for the server that the options, the environment and the configuration name, in this order.
 *
 * The URL is that of `--url`, `SLUICE_URL`, or the configuration. The token is that of `SLUICE_TOKEN`,
 * or of the configuration and its token file; the latter is sent to no other machine than this, or the
 * one that the configuration names.
 *
 * @throws {TokenMissingError} Where no token is known for the server.
 */
export async function connect(
  options: ConnectionOptions,
  terminal: Terminal,
): Promise<SluiceClient> {
  const env = (name: string) => terminal.env(name) || undefined;
  const named = options.url ?? env("SLUICE_URL");
  const token = env("SLUICE_TOKEN");
  if (named !== undefined && token !== undefined) {
    return createSluiceClient({ url: parseUrl(named), token });
  }
  const config = await loadConfig({
    env: (name) => terminal.env(name),
    requireCluster: false,
    ...(options.config === undefined ? {} : { path: options.config }),
  });
  const url = parseUrl(named ?? localUrl(config));
  if (token !== undefined) return createSluiceClient({ url, token });
  if (!isLoopback(url) && url.origin !== new URL(localUrl(config)).origin) {
    throw new TokenMissingError(`No token is set for ${url.origin}.`);
  }
  const found = await readToken(config);
  if (found === undefined) {
    throw new TokenMissingError(`There is no token in ${tokenPath(config)}.`);
  }
  return createSluiceClient({ url, token: found.value });
}
