/**
 * The client without HTTP.
 *
 * @module
 */

import type { TRPCLink } from "@trpc/client";
import { createTRPCClient, localLink, splitLink, TRPCClientError } from "@trpc/client";
import { getTRPCErrorFromUnknown, getTRPCErrorShape } from "@trpc/server";
import { observable } from "@trpc/server/observable";
import type { SluiceApi } from "../actors/mod.ts";
import type { SluiceClient } from "./client.ts";
import { callProcedure } from "./procedure_call.ts";
import type { AppRouter } from "./router.ts";
import { appRouter } from "./router.ts";
import type { RpcContext } from "./trpc.ts";

/** The value as a client over HTTP would have it: a copy that shares nothing with the server. */
function overTheWire(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

/** Calls procedures: as tRPC's `localLink`, which aborts something at the end of every call. */
function directLink(ctx: RpcContext): TRPCLink<AppRouter> {
  return () => ({ op: { path, type, input, signal } }) =>
    observable((observer) => {
      callProcedure({ path, type, input, ctx, signal: signal ?? undefined }).then((data) => {
        // Not completed after its value: see `callLink`.
        observer.next({ result: { type: "data", data: overTheWire(data) } });
      }).catch((thrown: unknown) => {
        const error = getTRPCErrorFromUnknown(thrown);
        const config = appRouter._def._config;
        const shape = overTheWire(getTRPCErrorShape({ config, error, path, type, input, ctx }));
        observer.error(TRPCClientError.from({ error: shape }, { cause: error }));
      });
    });
}

/**
 * A client of the same type as {@linkcode createSluiceClient}'s that calls the procedures in this
 * process: the same checks of input and output and the same errors, without a server and a token.
 *
 * @param signal Ends all its feeds and waits. Default: they end with what they are of.
 *
 * @example
 * ```ts
 * import { createInProcessClient, loadConfig, Sluice } from "@sluice/sluice";
 *
 * await using sluice = await Sluice.open({ config: await loadConfig() });
 * const client = createInProcessClient(sluice);
 * console.log(await client.clusters.list.query());
 * ```
 */
export function createInProcessClient(
  api: SluiceApi,
  options: { readonly signal?: AbortSignal } = {},
): SluiceClient {
  const closing = options.signal ?? new AbortController().signal;
  const context = { api, closing, reconnects: false, left: () => closing };
  return createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: ({ type }) => type === "subscription",
        true: localLink({ router: appRouter, createContext: () => Promise.resolve(context) }),
        false: directLink(context),
      }),
    ],
  });
}
