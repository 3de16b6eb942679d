/**
 * Feeds: events of the past, then live, each once and in order.
 *
 * @module
 */

import { SubscriberBehindError } from "./errors.ts";
import type { Wait } from "./wakeups.ts";

/** How a feed is read. */
export interface FeedReadOptions {
  /** Only events whose id is greater. Default: 0, the whole history. */
  readonly after?: number;
  /** Ends the feed without an error. */
  readonly signal?: AbortSignal;
  /** Most events to read from the journal at a time. Default: 256. */
  readonly pageSize?: number;
  /**
   * Whether a reader that had everything must keep up: the feed fails with a
   * {@linkcode SubscriberBehindError} once an event has left memory before the reader took it. One that
   * reads the past is never too slow. Default: `false`.
   */
  readonly keepUp?: boolean;
}

/** Events that follow a cursor. */
export interface FeedPage<Event> {
  /** The events, oldest first. Empty: there is none yet. */
  readonly events: readonly Event[];
  /** Up to here the feed has now been read. */
  readonly cursor: number;
  /** No event can follow these. */
  readonly ended: boolean;
  /** Whether the events had left memory, so that they were read from the disk. */
  readonly past: boolean;
}

/** Where a feed reads from. */
export interface FeedSource<Event> {
  /** The events after the cursor, at most `limit`. */
  read(cursor: number, limit: number): FeedPage<Event>;
  /** Waits for the next event. */
  wait(): Wait;
}

/**
 * A feed that pulls: it holds a cursor and no events but the page it is giving out. So a slow reader
 * costs nobody else anything, and any place can be resumed from.
 */
export class Feed<Event> implements AsyncIterable<Event> {
  readonly #source: FeedSource<Event>;
  readonly #options: FeedReadOptions;

  /** @param source Where the events come from. @param options How it is read. */
  constructor(source: FeedSource<Event>, options: FeedReadOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** Starts a reading of its own, from `after`. */
  [Symbol.asyncIterator](): AsyncIterator<Event, void, undefined> {
    return new FeedReader(this.#source, this.#options);
  }
}

class FeedReader<Event> implements AsyncIterator<Event, void, undefined> {
  readonly #source: FeedSource<Event>;
  readonly #options: FeedReadOptions;
  readonly #events: AsyncGenerator<Event, void, undefined>;
  readonly #stop = () => {
    this.#stopped = true;
    this.#wait?.cancel();
  };
  #stopped = false;
  #wait: Wait | undefined;

  constructor(source: FeedSource<Event>, options: FeedReadOptions) {
    this.#source = source;
    this.#options = options;
    this.#events = this.#read();
  }

  next(): Promise<IteratorResult<Event, void>> {
    return this.#events.next();
  }

  // A generator answers `return` only after the `next` before it, which may wait for ever: hence stop.
  return(): Promise<IteratorResult<Event, void>> {
    this.#stop();
    return this.#events.return();
  }

  async *#read(): AsyncGenerator<Event, void, undefined> {
    const { after = 0, signal, pageSize = 256, keepUp = false } = this.#options;
    if (signal?.aborted) return;
    signal?.addEventListener("abort", this.#stop, { once: true });
    try {
      let cursor = after;
      let hadAll = false;
      let keptUp = false;
      while (!this.#stopped) {
        // Nothing is awaited between an empty read and the wait, so no event falls between them.
        const page = this.#source.read(cursor, pageSize);
        if (page.events.length > 0) {
          if (!page.past) keptUp ||= hadAll;
          else if (keepUp && keptUp) {
            throw new SubscriberBehindError("what it is to read next has left memory");
          } else hadAll = false; // So many came at once that they were never in memory together.
        }
        cursor = page.cursor;
        for (const event of page.events) {
          yield event;
          if (this.#stopped) return;
        }
        if (page.ended) return;
        if (page.events.length > 0) continue;
        hadAll = true;
        this.#wait = this.#source.wait();
        const first = await this.#wait.event;
        this.#wait = undefined;
        // What was committed before the event that woke us does not concern us.
        if (first !== undefined) cursor = Math.max(cursor, first - 1);
      }
    } finally {
      signal?.removeEventListener("abort", this.#stop);
    }
  }
}
