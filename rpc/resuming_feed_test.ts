import assert from "node:assert/strict";
import type { FeedHandlers } from "./resuming_feed.ts";
import { resumingFeed } from "./resuming_feed.ts";

/** A feed of the numbers below `count` that sends as fast as it can to whoever is subscribed. */
function numbers(count: number, bytes: number) {
  let position = 0;
  const rounds: number[] = [];
  const reading = {
    subscribe(handlers: FeedHandlers<number>) {
      let open = true;
      const from = position;
      const index = rounds.push(0) - 1;
      queueMicrotask(() => {
        for (let next = from; open && next < count; next++) {
          rounds[index] = next - from + 1;
          handlers.onData({ data: next });
        }
        if (open) handlers.onComplete();
      });
      return { unsubscribe: () => void (open = false) };
    },
    accept(next: number) {
      position = next + 1;
      return next;
    },
    bytesOf: () => bytes,
  };
  return { reading, rounds };
}

for (
  const [what, bytes, expected] of [
    ["of little weight", 0, [256, 256, 88]],
    ["of 64 KiB each", 64 * 1024, [64, 64, 64, 64, 64, 64, 64, 64, 64, 24]],
  ] as const
) {
  Deno.test(`items ${what} wait for a slow reader up to a bound, each once and in order`, async () => {
    const { reading, rounds } = numbers(600, bytes);
    const read: number[] = [];
    for await (const item of resumingFeed(reading)) {
      read.push(item);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(read, Array.from({ length: 600 }, (_, index) => index));
    assert.deepEqual(rounds, expected);
  });
}
