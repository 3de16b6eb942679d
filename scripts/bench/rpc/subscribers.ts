/**
 * The subscribers of the benchmark in a process of their own: so many to our feed and as many to streams
 * of the bare server.
 *
 * @module
 */

import type { z } from "zod";
import { EventReader } from "./event_reader.ts";
import { answerLines, now, say } from "./lines.ts";
import type { arrivedSchema } from "./protocol.ts";
import { subscribersQuestionSchema } from "./protocol.ts";

const [count, ours, bare, token] = Deno.args;
if (token === undefined || ours === undefined || bare === undefined) {
  throw new Error("usage: subscribers.ts COUNT OURS BARE TOKEN");
}
const COUNT = Number(count);

type Arrived = z.infer<typeof arrivedSchema>;

/** What all subscribers of one feed have had. */
class Feed {
  /** Events that some have and others have not. */
  readonly #open = new Map<number, { text: string; arrivals: number }>();
  readonly #whole = new Map<number, PromiseWithResolvers<Arrived>>();
  #first: number | undefined;

  /** Reads one subscription until it ends. */
  async follow(url: URL, headers: readonly string[]): Promise<void> {
    const connection = await Deno.connect({ hostname: url.hostname, port: Number(url.port) });
    connection.setNoDelay(true);
    const head = [`GET ${url.pathname}${url.search} HTTP/1.1`, `host: ${url.host}`, ...headers];
    await connection.write(new TextEncoder().encode(`${head.join("\r\n")}\r\n\r\n`));
    this.#read(connection).catch((error: unknown) => {
      console.error("a subscriber failed:", error);
      Deno.exit(1);
    });
  }

  /** Resolves when every subscriber has the event. */
  whole(id: number): Promise<Arrived> {
    return this.#waiting(id).promise;
  }

  #waiting(id: number): PromiseWithResolvers<Arrived> {
    let waiting = this.#whole.get(id);
    if (waiting === undefined) this.#whole.set(id, waiting = Promise.withResolvers());
    return waiting;
  }

  async #read(connection: Deno.TcpConn): Promise<void> {
    const reader = new EventReader();
    const buffer = new Uint8Array(4_096);
    const decoder = new TextDecoder();
    let last: number | undefined;
    while (true) {
      const size = await connection.read(buffer);
      if (size === null) throw new Error("the server closed the connection");
      for (const { id, text } of reader.push(decoder.decode(buffer.subarray(0, size)))) {
        const expected: number = last === undefined ? this.#first ??= id : last + 1;
        if (id !== expected) throw new Error(`event ${id} came in place of ${expected}`);
        last = id;
        this.#arrive(id, text);
      }
    }
  }

  #arrive(id: number, text: string): void {
    let event = this.#open.get(id);
    if (event === undefined) this.#open.set(id, event = { text, arrivals: 0 });
    if (event.text !== text) throw new Error(`event ${id} is not the same for all`);
    event.arrivals++;
    if (event.arrivals < COUNT) return;
    this.#open.delete(id);
    this.#waiting(id).resolve({ at: now(), bytes: `${text}\n\n` });
  }
}

const feeds = { ours: new Feed(), bare: new Feed() };
for (let opened = 0; opened < COUNT; opened++) {
  await Promise.all([
    feeds.ours.follow(new URL("/rpc/jobs.events", ours), [`authorization: Bearer ${token}`]),
    feeds.bare.follow(new URL("/", bare), []),
  ]);
}
say("subscribed");
await answerLines((line) => {
  const { feed, id } = subscribersQuestionSchema.parse(line);
  return feeds[feed].whole(id);
});
Deno.exit();
