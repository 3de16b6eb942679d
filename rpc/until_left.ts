/**
 * Waiting on behalf of a client.
 *
 * @module
 */

import { ServerClosingError } from "./errors.ts";
import type { RpcContext } from "./trpc.ts";
import { untilAborted } from "./until_aborted.ts";

/**
 * What the wait gives, as long as the client is there and the server does not stop.
 *
 * @param signal Of the call. Default: the client's leaving alone ends the wait.
 * @param wait Waits until its signal is aborted.
 * @throws {ServerClosingError} The server stops.
 */
export async function untilLeft<Value>(
  ctx: RpcContext,
  signal: AbortSignal | undefined,
  wait: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const ended = AbortSignal.any([
    ctx.closing,
    ctx.left(),
    ...signal === undefined ? [] : [signal],
  ]);
  try {
    return await untilAborted(wait(ended), ended);
  } catch (error) {
    throw ctx.closing.aborted ? new ServerClosingError() : error;
  }
}
