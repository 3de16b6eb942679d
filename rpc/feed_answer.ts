/**
 * The answer to a subscription.
 *
 * @module
 */

import { callTRPCProcedure, getTRPCErrorFromUnknown, getTRPCErrorShape } from "@trpc/server";
import { InvalidCallError } from "./errors.ts";
import { eventStream } from "./event_stream.ts";
import { appRouter } from "./router.ts";
import type { RpcCall } from "./rpc_call.ts";

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The input, with the id that a client that comes back names, wherever it names it. */
function inputOf({ request, url: { searchParams } }: RpcCall): unknown {
  const text = searchParams.get("input");
  const lastEventId = request.headers.get("last-event-id") ?? searchParams.get("lastEventId") ??
    searchParams.get("Last-Event-Id");
  let input: unknown;
  try {
    input = text === null ? undefined : JSON.parse(text);
  } catch (error) {
    throw new InvalidCallError("The input is no JSON.", error);
  }
  if (!lastEventId) return input;
  return isObject(input) ? { ...input, lastEventId } : input ?? { lastEventId };
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return isObject(value) && Symbol.asyncIterator in value;
}

function failing(error: unknown): AsyncIterable<never> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) };
}

/**
 * Answers a subscription with a stream of events. As with tRPC's own answers, an error before the first
 * event is told in the stream as well.
 */
export async function answerFeed(call: RpcCall): Promise<Response> {
  const { path, context: ctx, heartbeat, hold, onError } = call;
  const stop = new AbortController();
  let feed: AsyncIterable<unknown>;
  try {
    const given: unknown = await callTRPCProcedure({
      router: appRouter,
      path,
      type: "subscription",
      getRawInput: () => Promise.try(() => inputOf(call)),
      ctx,
      signal: stop.signal,
      batchIndex: 0,
    });
    if (!isAsyncIterable(given)) throw new TypeError(`${path} gave no feed`);
    feed = given;
  } catch (error) {
    feed = failing(error);
  }
  const errorShape = (thrown: unknown) => {
    const error = getTRPCErrorFromUnknown(thrown);
    onError(error, path);
    const config = appRouter._def._config;
    return getTRPCErrorShape({ config, error, ctx, path, type: "subscription", input: undefined });
  };
  const onEnd = () => stop.abort();
  return new Response(
    eventStream(feed, { onEnd, onGone: hold(), heartbeat, errorShape }),
    {
      headers: {
        ...call.headers,
        "content-type": "text/event-stream",
        "cache-control": "no-cache, no-transform",
        // Proxies would hold events back until there are many.
        "x-accel-buffering": "no",
      },
    },
  );
}
