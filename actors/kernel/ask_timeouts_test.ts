import assert from "node:assert/strict";
import fc from "fast-check";
import { PendingAsk } from "./ask.ts";
import { AskTimeouts } from "./ask_timeouts.ts";
import type { Clock } from "./clock.ts";
import { VirtualClock } from "./virtual_clock.ts";

/** The virtual clock with the slack of the system's clock, counting how often it is read. */
class SlackClock implements Clock {
  readonly slackMs = 50;
  readonly inner = new VirtualClock();
  reads = 0;

  now(): number {
    this.reads++;
    return this.inner.now();
  }

  setTimeout(fn: () => void, ms: number) {
    return this.inner.setTimeout(fn, ms);
  }
}

const target = { path: "/root/a", deadLetter: () => {} };

Deno.test("with slack in the clock an ask times out never early and at most the slack late", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(
      fc.record({
        waitMs: fc.integer({ min: 0, max: 80 }),
        timeoutMs: fc.constantFrom(10, 100, 700),
        answerAfterMs: fc.option(fc.integer({ min: 0, max: 800 }), { nil: undefined }),
      }),
      { maxLength: 12 },
    ),
    async (asks) => {
      const clock = new SlackClock();
      const { inner } = clock;
      const timeouts = new AskTimeouts(clock);
      const late: number[] = [];
      for (const { waitMs, timeoutMs, answerAfterMs } of asks) {
        await inner.advance(waitMs);
        const begun = inner.now();
        const ask = new PendingAsk(
          target,
          timeouts,
          timeoutMs,
          () => {},
          () => late.push(inner.now() - begun - timeoutMs),
        );
        if (answerAfterMs !== undefined) {
          inner.setTimeout(() => ask.settled || ask.ok("answer"), answerAfterMs);
        }
      }
      await inner.advance(2_000);
      assert.ok(late.every((ms) => ms >= 0 && ms <= clock.slackMs), late.join());
      const unanswered = asks.filter((ask) => ask.answerAfterMs === undefined);
      assert.ok(late.length >= unanswered.length);
      assert.equal(inner.pending, 0);
    },
  ));
});

Deno.test("with slack in the clock quick asks do not read it one by one", () => {
  const clock = new SlackClock();
  const timeouts = new AskTimeouts(clock);
  for (let ask = 0; ask < 1_000; ask++) {
    new PendingAsk(target, timeouts, 5_000, () => {}, () => {}).ok("answer");
  }
  assert.equal(clock.reads, 1);
  timeouts.close();
  assert.equal(clock.inner.pending, 0);
});
