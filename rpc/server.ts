/**
 * The RPC server.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { Clock } from "../actors/kernel/mod.ts";
import { systemClock } from "../actors/kernel/mod.ts";
import type { SluiceApi } from "../actors/mod.ts";
import { minTokenLength } from "../config/mod.ts";
import { ListenError, RemoteBindError, ServerClosingError, WeakTokenError } from "./errors.ts";
import { createHandler } from "./handler.ts";
import { Heartbeat } from "./heartbeat.ts";
import { bareHost, isLoopback } from "./loopback.ts";
import { OpenRequests } from "./open_requests.ts";

const log = getLogger(["sluice", "rpc"]);

/** How the server listens and whom it answers. */
export interface ServeOptions {
  /** The bearer token that every call must carry: at least 16 characters. */
  readonly token: string;
  /** Address to listen on. Default: `127.0.0.1`. */
  readonly hostname?: string;
  /** Port to listen on; 0 takes a free one. Default: 7878. */
  readonly port?: number;
  /** Must be true for an address that is not a loopback one. Default: `false`. */
  readonly allowRemote?: boolean;
  /** Names beside loopback and addresses under which the server is reached. Default: none. */
  readonly allowedHosts?: readonly string[];
  /** Origins of web pages, beside the server's own, that may call. Default: none. */
  readonly allowedOrigins?: readonly string[];
  /** Largest request body in bytes. Default: 32 MiB. */
  readonly maxBodyBytes?: number;
  /** Most calls in one request. Default: 1,000. */
  readonly maxBatch?: number;
  /** Milliseconds that a shutdown waits for open requests before it cuts them. Default: 4,000. */
  readonly graceMs?: number;
  /** Where feeds take time from, for tests. Default: the system's. */
  readonly clock?: Clock;
  /** Shuts the server down. */
  readonly signal?: AbortSignal;
}

/** A server that runs. */
export interface RunningServer extends AsyncDisposable {
  /** Where clients reach it: `http://127.0.0.1:7878`. */
  readonly url: string;
  /** Resolves when it has stopped. */
  readonly finished: Promise<void>;
  /**
   * Ends all feeds and waits, tells new callers to come back, lets open calls end, and stops. Safe to
   * call twice. Jobs are not touched.
   */
  shutdown(): Promise<void>;
}

function listen(
  hostname: string,
  port: number,
  signal: AbortSignal,
  handler: (request: Request) => Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname, port, signal, onListen: () => undefined }, handler);
  } catch (error) {
    throw new ListenError(`${hostname}:${port}`, error);
  }
}

/**
 * Serves the API over HTTP: queries and mutations as tRPC batches, feeds as server-sent events.
 *
 * @throws {RemoteBindError} For an address that others can reach, unless `allowRemote` is set.
 * @throws {WeakTokenError} For a token that is too short.
 * @throws {ListenError} Where the address is taken.
 *
 * @example
 * ```ts
 * import { loadConfig, serve, Sluice } from "@sluice/sluice";
 *
 * await using sluice = await Sluice.open({ config: await loadConfig() });
 * await using server = serve(sluice, { token: "0123456789abcdef0123456789abcdef" });
 * console.log(server.url);
 * await server.finished;
 * ```
 */
export function serve(api: SluiceApi, options: ServeOptions): RunningServer {
  const hostname = options.hostname ?? "127.0.0.1";
  if (!isLoopback(hostname) && options.allowRemote !== true) throw new RemoteBindError(hostname);
  if (options.token.length < minTokenLength) throw new WeakTokenError(minTokenLength);

  const closing = new AbortController();
  const cut = new AbortController();
  const requests = new OpenRequests();
  const server = listen(
    hostname,
    options.port ?? 7878,
    cut.signal,
    requests.counting(createHandler({
      api,
      closing: closing.signal,
      token: options.token,
      allowedHosts: [hostname, ...options.allowedHosts ?? []].map(bareHost),
      allowedOrigins: options.allowedOrigins ?? [],
      maxBodyBytes: options.maxBodyBytes ?? 32 * 1024 * 1024,
      maxBatch: options.maxBatch ?? 1_000,
      heartbeat: new Heartbeat(options.clock ?? systemClock),
    })),
  );
  const { port } = server.addr;
  const url = `http://${hostname.includes(":") ? `[${bareHost(hostname)}]` : hostname}:${port}`;

  const stop = async () => {
    closing.abort(new ServerClosingError());
    const graceMs = options.graceMs ?? 4_000;
    const timer = Promise.withResolvers<void>();
    const timeout = setTimeout(timer.resolve, graceMs);
    try {
      // `Deno.HttpServer.shutdown` does not return while a feed is open, and nothing can cut the feed
      // any more once it was called, so it comes after the last request has ended.
      await Promise.race([requests.whenIdle(), timer.promise]);
      if (requests.count === 0) {
        await Promise.race([server.shutdown(), timer.promise]);
      } else {
        log.warn("{count} requests were still open after {graceMs} ms and are cut.", {
          count: requests.count,
          graceMs,
        });
        cut.abort();
        await server.finished;
      }
    } finally {
      clearTimeout(timeout);
    }
  };
  let stopped: Promise<void> | undefined;
  const shutdown = () => stopped ??= stop();

  const onAbort = () => {
    shutdown().catch((error: unknown) => log.error("The server did not stop: {error}", { error }));
  };
  if (options.signal?.aborted === true) onAbort();
  else options.signal?.addEventListener("abort", onAbort, { once: true });
  const finished = server.finished.finally(() =>
    options.signal?.removeEventListener("abort", onAbort)
  );

  return { url, finished, shutdown, [Symbol.asyncDispose]: shutdown };
}
