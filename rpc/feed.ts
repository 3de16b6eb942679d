/**
 * Feeds that a client can resume.
 *
 * @module
 */

import type { TrackedEnvelope } from "@trpc/server";
import { isTrackedEnvelope, tracked } from "@trpc/server";
import { getLogger } from "@logtape/logtape";
import { z } from "zod";
import { toFeedError } from "./error_shape.ts";
import { ServerClosingError } from "./errors.ts";
import { share } from "./shared_events.ts";
import type { RpcContext } from "./trpc.ts";
import { AbortableWait } from "./until_aborted.ts";

const log = getLogger(["sluice", "rpc"]);

/**
 * The `lastEventId` of a feed's input: tRPC puts the header of that name there when an EventSource
 * reconnects, and a client that subscribes anew sets it itself.
 */
export const lastEventIdSchema = z.string().regex(/^\d{1,15}$/, "must be the id of an event")
  .optional()
  .describe("Id of the last event that arrived; the feed goes on after it.");

/** Where a feed starts: after the last event that is known of, however it was told. */
export function resumePosition(asked: number | undefined, lastEventId: string | undefined): number {
  return Math.max(asked ?? 0, lastEventId === undefined ? 0 : Number(lastEventId));
}

/** How one feed is made. */
export interface FeedSource<Item, Wire> {
  /** Opens the source, which must end when the signal is aborted. */
  readonly open: (signal: AbortSignal) => AsyncIterable<Item>;
  /** What is sent for an item: each with the position to resume from after it. */
  readonly toWire: (item: Item) => Iterable<readonly [id: number, wire: Wire]>;
}

/**
 * Sends a source to one client until the source ends, the client leaves or the server stops. The end of
 * the source is told as such; a stop of the server is told as an error that makes the client come back.
 */
export async function* feed<Item, Wire>(
  context: RpcContext,
  left: AbortSignal | undefined,
  source: FeedSource<Item, Wire>,
): AsyncGenerator<TrackedEnvelope<Wire>, void, undefined> {
  const stop = new AbortController();
  const signal = AbortSignal.any([
    context.closing,
    stop.signal,
    ...(left === undefined ? [] : [left]),
  ]);
  using wait = new AbortableWait(signal);
  let iterator: AsyncIterator<Item> | undefined;
  try {
    iterator = source.open(signal)[Symbol.asyncIterator]();
    while (true) {
      const next = await wait.until(iterator.next());
      if (next.done === true) return;
      for (const [id, wire] of source.toWire(next.value)) yield tracked(String(id), wire);
    }
  } catch (error) {
    if (left?.aborted === true) return;
    throw toFeedError(
      context.closing.aborted ? new ServerClosingError() : error,
      context.reconnects,
    );
  } finally {
    stop.abort();
    // Not awaited: a source that is slow to end must not hold up the server's stop.
    iterator?.return?.().catch((error: unknown) => {
      log.error("A feed's source failed while it was closed: {error}", { error });
    });
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

/**
 * The output schema of a feed: an async iterable whose every event is checked on its way out. Where the
 * source gives the same object to many subscribers, as the journal does, it is checked once for all.
 *
 * Source: tRPC's documentation, "Subscriptions", section "Output validation".
 */
export function feedSchema<Out, In>(event: z.ZodType<Out, In>, { sameForAll = false } = {}) {
  const checked = new WeakMap<object, TrackedEnvelope<Out>>();
  const check = (envelope: unknown): TrackedEnvelope<Out> => {
    if (!isTrackedEnvelope<In>(envelope)) throw new TypeError("A feed's event has no id.");
    const [id, wire] = envelope;
    const own = sameForAll && typeof wire === "object" && wire !== null ? wire : undefined;
    const known = own === undefined ? undefined : checked.get(own);
    if (known?.[0] === id) return known;
    const fresh = tracked(id, event.parse(wire));
    if (own !== undefined) {
      checked.set(own, fresh);
      share(fresh);
    }
    return fresh;
  };
  return z.custom<AsyncIterable<TrackedEnvelope<In>>>(isAsyncIterable).transform(
    (iterable): AsyncIterable<TrackedEnvelope<Out>> => ({
      [Symbol.asyncIterator]: () => mapped(iterable[Symbol.asyncIterator](), check),
    }),
  );
}

/** What the iterator gives, changed: as a generator would, at a third of its cost. */
function mapped<From, To>(
  source: AsyncIterator<From>,
  change: (value: From) => To,
): AsyncIterator<To, void> {
  return {
    next: async () => {
      const { value, done } = await source.next();
      if (done === true) return { value: undefined, done };
      try {
        return { value: change(value), done: false };
      } catch (error) {
        await source.return?.();
        throw error;
      }
    },
    return: async () => {
      await source.return?.();
      return { value: undefined, done: true };
    },
  };
}
