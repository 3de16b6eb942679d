/**
 * A subscription as an async iterable that reconnects by itself.
 *
 * @module
 */

import type { TRPCClientError } from "@trpc/client";
import { clientErrorInfo } from "./client_error.ts";
import { pause } from "./pause.ts";
import type { AppRouter } from "./router.ts";

/** The callbacks with which a subscription of tRPC's client is made. */
export interface FeedHandlers<Wire> {
  /** Called with each event. */
  readonly onData: (envelope: { readonly data: Wire }) => void;
  /** Called when the feed has ended. */
  readonly onComplete: () => void;
  /** Called when the feed was refused or given up. */
  readonly onError: (error: TRPCClientError<AppRouter>) => void;
  /** Called when the connection stands, breaks or is tried again. */
  readonly onConnectionStateChange: (
    state: { readonly state: string; readonly error: TRPCClientError<AppRouter> | null },
  ) => void;
}

/** Subscribes from the position that the caller keeps. */
export type Subscribe<Wire> = (handlers: FeedHandlers<Wire>) => { unsubscribe(): void };

/** How a feed is read. */
export interface ResumeOptions {
  /** Ends the iterable without an error. */
  readonly signal?: AbortSignal | undefined;
  /** Told of every break, with the error and the milliseconds until the next attempt. */
  readonly onReconnect?: ((error: unknown, delayMs: number) => void) | undefined;
}

/** What is read, and how. */
export interface FeedReading<Wire, Item> {
  /** Subscribes from the position after the last accepted item. */
  readonly subscribe: Subscribe<Wire>;
  /**
   * Takes what arrived, moves the position, and gives the item, or `undefined` for what had arrived
   * before. What it throws ends the feed.
   */
  readonly accept: (wire: Wire) => Item | undefined;
  /** What an item weighs while it waits for its reader, in bytes. */
  readonly bytesOf: (item: Item) => number;
}

/** Items that may wait for a slow reader; past it the subscription is given up until they are read. */
const highWater = 256;
/** The same for what the items weigh together, in bytes. */
const highWaterBytes = 4 * 1024 * 1024;
const firstDelayMs = 100;
const longestDelayMs = 5_000;

type Outcome =
  | { readonly kind: "ended" }
  | { readonly kind: "stopped" }
  | { readonly kind: "full" }
  | { readonly kind: "lost"; readonly error: unknown };

/** One subscription, from its start to its end or break, as an async iterable of what arrived. */
async function* oneRound<Wire, Item>(
  { subscribe, accept, bytesOf }: FeedReading<Wire, Item>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Item, Outcome, undefined> {
  const arrived: Item[] = [];
  let waitingBytes = 0;
  let outcome: Outcome | undefined;
  let wake = () => {};
  let leave = () => {};
  const finish = (how: Outcome) => {
    outcome ??= how;
    // At once, since its reader may take long to come back: nothing more is to be sent.
    leave();
    wake();
  };
  const onAbort = () => finish({ kind: "stopped" });
  signal?.addEventListener("abort", onAbort, { once: true });
  const subscription = subscribe({
    onData: ({ data }) => {
      if (outcome !== undefined) return;
      try {
        const item = accept(data);
        if (item !== undefined) {
          arrived.push(item);
          waitingBytes += bytesOf(item);
        }
      } catch (error) {
        finish({ kind: "lost", error });
        return;
      }
      if (arrived.length >= highWater || waitingBytes >= highWaterBytes) finish({ kind: "full" });
      wake();
    },
    onComplete: () => finish({ kind: "ended" }),
    onError: (error) => finish({ kind: "lost", error }),
    onConnectionStateChange: ({ state, error }) => {
      // An EventSource would wait for seconds and retry whatever happened, so a break ends the round.
      if (state === "connecting" && error !== null) finish({ kind: "lost", error });
    },
  });
  leave = () => subscription.unsubscribe();
  try {
    if (signal?.aborted === true) onAbort();
    while (true) {
      // It may have been finished while it was made.
      if (outcome !== undefined) leave();
      for (let item = arrived.shift(); item !== undefined; item = arrived.shift()) {
        waitingBytes -= bytesOf(item);
        yield item;
      }
      if (outcome !== undefined) return outcome;
      await new Promise<void>((resolve) => wake = resolve);
    }
  } finally {
    signal?.removeEventListener("abort", onAbort);
    outcome ??= { kind: "stopped" };
    leave();
  }
}

/**
 * Reads a feed to its end, subscribing again after every break that may pass.
 *
 * @throws The error that ended the feed, where a retry does not help.
 */
export async function* resumingFeed<Wire, Item>(
  feed: FeedReading<Wire, Item>,
  options: ResumeOptions = {},
): AsyncGenerator<Item, void, undefined> {
  const { signal } = options;
  let failures = 0;
  while (signal?.aborted !== true) {
    const accept = (wire: Wire) => {
      failures = 0;
      return feed.accept(wire);
    };
    const round = oneRound({ ...feed, accept }, signal);
    const outcome = yield* round;
    switch (outcome.kind) {
      case "ended":
      case "stopped":
        return;
      case "full":
        break;
      case "lost": {
        if (!clientErrorInfo(outcome.error).retryable) throw outcome.error;
        const longest = Math.min(longestDelayMs, firstDelayMs * 2 ** failures++);
        const delayMs = longest * (0.5 + Math.random() / 2);
        options.onReconnect?.(outcome.error, delayMs);
        await pause(delayMs, signal);
      }
    }
  }
}
