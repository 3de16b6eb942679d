/**
 * A feed as the body of an answer: server-sent events in the form that tRPC's clients read.
 *
 * tRPC's own producer takes many times as long for an event: it checks and writes it anew for every
 * subscriber, sets a timer for each, and hands it over in three pieces through five streams.
 *
 * @module
 */

import { isTrackedEnvelope } from "@trpc/server";
import { getLogger } from "@logtape/logtape";
import { SubscriberBehindError } from "../store/mod.ts";
import { beatMs, silenceMs } from "./heartbeat.ts";
import type { Heartbeat } from "./heartbeat.ts";
import { encodeEvent, encodeNamed } from "./shared_events.ts";

const log = getLogger(["sluice", "rpc"]);

/** Milliseconds after which a subscriber that takes nothing of what waits for it is given up. */
export const stalledMs = 30_000;

const connected = encodeNamed("connected", { reconnectAfterInactivityMs: silenceMs });
const ping = encodeNamed("ping", undefined);
const returned = encodeNamed("return", undefined);

/** What a stream needs beside its feed. */
export interface EventStreamOptions {
  /** Called once when the feed is needed no more: ends it. */
  readonly onEnd: () => void;
  /** Called once, later, when the last was taken or the subscriber has left. */
  readonly onGone: () => void;
  /** The timer of all streams. */
  readonly heartbeat: Heartbeat;
  /** What a client is told of an error that ended the feed. */
  readonly errorShape: (error: unknown) => unknown;
}

/**
 * The stream of one subscriber. It asks the feed for an event only when the one before was taken, so that
 * a slow subscriber costs one event here, besides what the system buffers for its socket: about 4 MB.
 *
 * One that takes nothing for {@linkcode stalledMs} while something waits for it is told that it fell
 * behind, as the last thing it will read, and its feed is let go of.
 */
export function eventStream(
  feed: AsyncIterable<unknown>,
  options: EventStreamOptions,
): ReadableStream<Uint8Array> {
  return new ReadableStream(new EventStream(feed, options));
}

class EventStream implements UnderlyingDefaultSource<Uint8Array> {
  readonly #feed: AsyncIterator<unknown>;
  readonly #options: EventStreamOptions;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** Whether anything was sent since the last beat. */
  #sent = true;
  /** How long the same thing waits to be taken, in ms. */
  #waitedMs = 0;
  #ended = false;

  constructor(feed: AsyncIterable<unknown>, options: EventStreamOptions) {
    this.#feed = feed[Symbol.asyncIterator]();
    this.#options = options;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.#options.heartbeat.add(this.#beat);
    controller.enqueue(connected);
  }

  /** Called when everything was taken. */
  pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> | undefined {
    this.#waitedMs = 0;
    if (this.#ended) {
      controller.close();
      this.#options.onGone();
      return undefined;
    }
    return this.#feed.next().then(this.#onNext, this.#fail);
  }

  /** The subscriber has left. */
  cancel(): void {
    if (!this.#ended) this.#letGo();
    this.#options.onGone();
  }

  readonly #onNext = ({ value, done }: IteratorResult<unknown>) => {
    if (this.#ended) return;
    if (done === true) return this.#end(returned);
    try {
      if (!isTrackedEnvelope(value)) throw new TypeError("A feed's event has no id.");
      const bytes = encodeEvent(value);
      this.#sent = true;
      this.#controller?.enqueue(bytes);
    } catch (error) {
      this.#fail(error);
    }
  };

  readonly #beat = () => {
    const room = (this.#controller?.desiredSize ?? 0) > 0;
    if (room) {
      this.#waitedMs = 0;
      if (!this.#sent) this.#controller?.enqueue(ping);
    } else {
      this.#waitedMs += beatMs;
      if (this.#waitedMs > stalledMs) {
        this.#fail(new SubscriberBehindError(`it took nothing for ${stalledMs / 1_000} s`));
      }
    }
    this.#sent = false;
  };

  readonly #fail = (error: unknown) => {
    if (!this.#ended) this.#end(encodeNamed("serialized-error", this.#options.errorShape(error)));
  };

  /** The stream is closed only when this was taken, so that one that takes it never is known to be there. */
  #end(last: Uint8Array): void {
    this.#letGo();
    this.#controller?.enqueue(last);
  }

  #letGo(): void {
    this.#ended = true;
    this.#options.heartbeat.remove(this.#beat);
    this.#options.onEnd();
    this.#feed.return?.().catch((error: unknown) => {
      log.error("A feed failed while it was closed: {error}", { error });
    });
  }
}
