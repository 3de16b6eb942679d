/**
 * What those need who answer a request for a procedure.
 *
 * @module
 */

import type { TRPCError } from "@trpc/server";
import type { Heartbeat } from "./heartbeat.ts";
import type { Hold } from "./open_requests.ts";
import type { RpcContext } from "./trpc.ts";

/** A request that was let in. */
export interface RpcCall {
  /** The request; its body is read already. */
  readonly request: Request;
  /** Its URL. */
  readonly url: URL;
  /** The procedures that it names: what follows the endpoint in its path. */
  readonly path: string;
  /** What the procedures get. */
  readonly context: RpcContext;
  /** Sent with the answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** Most calls in one request. */
  readonly maxBatch: number;
  /** The timer of all feeds. */
  readonly heartbeat: Heartbeat;
  /** Keeps the request counted as open while its feed is. */
  readonly hold: Hold;
  /** Told of every error that a client is told of. */
  readonly onError: (error: TRPCError, path: string | undefined) => void;
}
