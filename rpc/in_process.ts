/**
 * The client without HTTP.
 *
 * @module
 */

import { createTRPCClient, localLink } from "@trpc/client";
import type { SluiceApi } from "../actors/mod.ts";
import type { SluiceClient } from "./client.ts";
import type { AppRouter } from "./router.ts";
import { appRouter } from "./router.ts";

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
  return createTRPCClient<AppRouter>({
    links: [
      localLink({
        router: appRouter,
        createContext: () =>
          Promise.resolve({ api, closing, reconnects: false, left: () => closing }),
      }),
    ],
  });
}
