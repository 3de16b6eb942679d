/**
 * The base that every procedure is built on.
 *
 * @module
 */

import { initTRPC } from "@trpc/server";
import type { SluiceApi } from "../actors/mod.ts";
import { errorData, sluiceErrorOf, toTrpcError } from "./error_shape.ts";
import { beatMs, silenceMs } from "./heartbeat.ts";

/** What every procedure gets beside its input. */
export interface RpcContext {
  /** Who does the work. */
  readonly api: SluiceApi;
  /** Aborted when the server stops. */
  readonly closing: AbortSignal;
  /** Whether the client subscribes again by itself, after a pause, when a feed breaks. */
  readonly reconnects: boolean;
  /** A signal that is aborted when the client leaves before it has an answer. */
  readonly left: () => AbortSignal;
}

const t = initTRPC.context<RpcContext>().create({
  isDev: false,
  errorFormatter: ({ shape, error, path }) => ({
    ...shape,
    message: sluiceErrorOf(error, path).message,
    data: errorData(error, path),
  }),
  sse: {
    ping: { enabled: true, intervalMs: beatMs },
    client: { reconnectAfterInactivityMs: silenceMs },
  },
});

/** Makes a router of procedures. */
export const router = t.router;

/** A procedure whose errors reach the client with code, retryable and next step. */
export const procedure = t.procedure.use(async ({ next, path }) => {
  const result = await next();
  if (!result.ok) throw toTrpcError(result.error, path);
  return result;
});
