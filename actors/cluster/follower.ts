/**
 * The actor that hears what the jobs' scripts write to the spool, the moment they write it.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { parseSpoolLine } from "../../schedulers/mod.ts";
import type { SpoolRecord } from "../../schedulers/mod.ts";
import type { ActorContext, Behavior } from "../kernel/mod.ts";
import type { Connection } from "./connection.ts";

/** What a follower can be told. */
export type FollowerMessage =
  | { readonly type: "up"; readonly connection: Connection }
  | { readonly type: "down" }
  | { readonly type: "ended"; readonly connection: Connection; readonly error: unknown }
  | { readonly type: "reopen"; readonly connection: Connection };

const log = getLogger(["sluice", "cluster"]);

interface FollowerState {
  readonly connection: Connection | undefined;
}

/** Wait before a spool whose stream ended is opened again, in ms. */
const REOPEN_MS = 2_000;

/** Longest line that may be a record. */
const MAX_LINE = 4096;

async function follow(
  { host, scheduler }: Connection,
  signal: AbortSignal,
  onRecord: (record: SpoolRecord) => void,
): Promise<void> {
  await using stream = await host.stream(scheduler.spoolCommand(), { signal });
  const readRecords = async () => {
    let rest = "";
    for await (const chunk of stream.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split("\n");
      rest = (lines.pop() ?? "").slice(-MAX_LINE);
      for (const line of lines) {
        const record = parseSpoolLine(line);
        if (record !== undefined) onRecord(record);
      }
    }
  };
  // What tail says of a file that is replaced is of no use, but must be read for the channel to flow.
  await Promise.all([readRecords(), stream.stderr.pipeTo(new WritableStream())]);
}

/**
 * The behaviour of a follower.
 *
 * @param onRecord Hears every record. Records are hints: one that is lost costs a poll, never the truth.
 */
export function follower(
  onRecord: (record: SpoolRecord) => void,
): Behavior<FollowerMessage, FollowerState> {
  const begin = (connection: Connection, ctx: ActorContext<FollowerMessage>): FollowerState => {
    ctx.pipe(
      follow(connection, ctx.signal, onRecord),
      (): FollowerMessage => ({ type: "ended", connection, error: undefined }),
      (error): FollowerMessage => ({ type: "ended", connection, error }),
    );
    return { connection };
  };
  return {
    init: () => ({ connection: undefined }),
    receive(state, message, ctx) {
      switch (message.type) {
        case "up":
          return begin(message.connection, ctx);
        case "down":
          return { connection: undefined };
        case "ended":
          if (message.connection === state.connection) {
            log.warn("the stream of the spool of {host} ended and is opened again: {error}", {
              host: message.connection.host.label,
              error: message.error ?? "tail came to its end",
            });
            ctx.after(REOPEN_MS, { type: "reopen", connection: message.connection });
          }
          return state;
        case "reopen":
          // Another connection that came meanwhile has a stream of its own.
          return message.connection === state.connection ? begin(message.connection, ctx) : state;
      }
    },
  };
}
