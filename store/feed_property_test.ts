import assert from "node:assert/strict";
import fc from "fast-check";
import type { ClusterEvent, EventFilter, JobEvent } from "../model/mod.ts";
import type { JournalEntry } from "./entry.ts";
import { isFinalFact } from "./entry.ts";
import { JournalClosedError } from "./errors.ts";
import type { JournalEvent } from "./journal.ts";
import { Journal } from "./journal.ts";
import {
  cluster,
  jobNumber,
  linkEntry,
  SampleJob,
  TemporaryDirectory,
} from "./testing/sample_journal.ts";

const clusters = [cluster("alpha"), cluster("beta")] as const;
const jobs = 4;

type Subscription =
  | { readonly kind: "job"; readonly filter: EventFilter }
  | { readonly kind: "cluster"; readonly filter: { readonly cluster?: typeof clusters[number] } };

const subscription: fc.Arbitrary<Subscription> = fc.oneof(
  fc.record({
    kind: fc.constant("job" as const),
    filter: fc.record({
      jobId: fc.integer({ min: 0, max: jobs - 1 }).map(jobNumber),
      cluster: fc.constantFrom(...clusters),
    }, { requiredKeys: [] }),
  }),
  fc.record({
    kind: fc.constant("cluster" as const),
    filter: fc.record({ cluster: fc.constantFrom(...clusters) }, { requiredKeys: [] }),
  }),
);

const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("append" as const),
      calls: fc.array(
        fc.array(fc.integer({ min: 0, max: jobs + 1 }), { minLength: 1, maxLength: 4 }),
        { minLength: 1, maxLength: 3 },
      ),
      ends: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("subscribe" as const),
      to: subscription,
      after: fc.integer({ min: 0, max: 30 }),
      pageSize: fc.integer({ min: 1, max: 5 }),
      eager: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("read" as const),
      reader: fc.nat(),
      events: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("reopen" as const) }) },
);

function matches(to: Subscription, event: JournalEvent): boolean {
  if ("jobId" in event !== (to.kind === "job")) return false;
  if (to.filter.cluster !== undefined && event.cluster !== to.filter.cluster) return false;
  return !("jobId" in event) || to.kind !== "job" || to.filter.jobId === undefined ||
    to.filter.jobId === event.jobId;
}

/** A subscriber as slow as the test wants, who comes back where the journal had been closed. */
class Subscriber {
  readonly seen: JournalEvent[] = [];
  readonly eager: boolean;
  readonly #to: Subscription;
  readonly #after: number;
  readonly #pageSize: number;
  #events: AsyncIterator<JobEvent | ClusterEvent> | undefined;
  #following: Promise<void> = Promise.resolve();

  constructor(to: Subscription, after: number, pageSize: number, eager: boolean) {
    this.eager = eager;
    this.#to = to;
    this.#after = after;
    this.#pageSize = pageSize;
  }

  /** What it should have seen when it has read all. */
  expected(committed: readonly JournalEvent[]): readonly JournalEvent[] {
    const { kind, filter } = this.#to;
    if (kind === "job" && filter.jobId !== undefined && filter.cluster !== undefined) {
      if (
        committed.some((e) =>
          "jobId" in e && e.jobId === filter.jobId && e.cluster !== filter.cluster
        )
      ) return [];
    }
    return committed.filter((event) => event.id > this.#after && matches(this.#to, event));
  }

  /** Reads up to `count` of the events that are there. */
  async read(journal: Journal, count: number, committed: readonly JournalEvent[]): Promise<void> {
    const there = this.expected(committed).length - this.seen.length;
    this.#events ??= this.#subscribe(journal);
    for (let read = 0; read < Math.min(count, there); read++) {
      const next: IteratorResult<JournalEvent> = await this.#events.next();
      assert.equal(next.done, false, "the feed ended early");
      this.seen.push(next.value);
    }
  }

  /** Whether, with all read, the feed has ended; else it must still wait. */
  async assertEndsRightly(committed: readonly JournalEvent[]): Promise<void> {
    const { kind, filter } = this.#to;
    const jobId = kind === "job" ? filter.jobId : undefined;
    const own = committed.filter((event) => "jobId" in event && event.jobId === jobId);
    const last = own.at(-1);
    const elsewhere = last !== undefined && filter.cluster !== undefined &&
      filter.cluster !== last.cluster;
    const over = last !== undefined && "jobId" in last && isFinalFact(last.fact);
    const next = this.#events?.next();
    const ended = jobId !== undefined && (elsewhere || over);
    if (ended) assert.equal((await next)?.done, true);
    else await this.leave();
    if (!ended) assert.deepEqual(await next, { done: true, value: undefined });
  }

  /** Takes every event as soon as it comes, until the journal closes or the subscriber leaves. */
  follow(journal: Journal): void {
    const events = this.#subscribe(journal);
    this.#events = events;
    this.#following = (async () => {
      try {
        while (true) {
          const next: IteratorResult<JournalEvent> = await events.next();
          if (next.done === true) return;
          this.seen.push(next.value);
        }
      } catch (error) {
        if (!(error instanceof JournalClosedError)) throw error;
      }
    })();
  }

  async leave(): Promise<void> {
    await this.#events?.return?.();
    await this.#following;
    this.#events = undefined;
  }

  #subscribe(journal: Journal): AsyncIterator<JobEvent | ClusterEvent> {
    const options = {
      after: this.seen.at(-1)?.id ?? this.#after,
      pageSize: this.#pageSize,
    };
    const feed: AsyncIterable<JobEvent | ClusterEvent> = this.#to.kind === "job"
      ? journal.jobFeed(this.#to.filter, options)
      : journal.clusterFeed(this.#to.filter, options);
    return feed[Symbol.asyncIterator]();
  }
}

Deno.test("whatever the order of appends, slow reads and restarts, every feed has each event once and in order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { maxLength: 40 }),
      fc.integer({ min: 1, max: 12 }),
      async (actions, memory) => {
        using directory = new TemporaryDirectory();
        // A small memory makes readers go to the disk and back all the time.
        const open = () =>
          Journal.open({ path: directory.file("journal.db"), memory: { maxEvents: memory } });
        let journal = open();
        try {
          const samples = Array.from(
            { length: jobs },
            (_, n) => new SampleJob(n, { cluster: clusters[n % 2] ?? clusters[0] }),
          );
          const committed: JournalEvent[] = [];
          const subscribers: Subscriber[] = [];
          for (const step of actions) {
            switch (step.do) {
              case "append": {
                const calls = step.calls.map((call) =>
                  journal.append(call.flatMap((n): JournalEntry[] => {
                    const sample = samples[n];
                    if (sample === undefined) {
                      return [linkEntry(clusters[n - jobs] ?? clusters[0], true)];
                    }
                    if (sample.hasEnded) return [];
                    return [
                      step.ends && (sample.view?.events ?? 0) > 2 ? sample.ended() : sample.step(),
                    ];
                  }))
                );
                committed.push(...(await Promise.all(calls)).flat());
                break;
              }
              case "subscribe": {
                const subscriber = new Subscriber(step.to, step.after, step.pageSize, step.eager);
                subscribers.push(subscriber);
                if (step.eager) subscriber.follow(journal);
                break;
              }
              case "read": {
                const subscriber = subscribers[step.reader % subscribers.length];
                if (subscriber?.eager === false) {
                  await subscriber.read(journal, step.events, committed);
                }
                break;
              }
              case "reopen":
                journal.close();
                for (const subscriber of subscribers) await subscriber.leave();
                journal = open();
                for (const subscriber of subscribers) {
                  if (subscriber.eager) subscriber.follow(journal);
                }
                break;
            }
          }
          assert.deepEqual(committed.map(({ id }) => id), committed.map((_, n) => n + 1));
          for (const subscriber of subscribers) {
            if (subscriber.eager) await subscriber.leave();
            await subscriber.read(journal, Infinity, committed);
            assert.deepEqual(subscriber.seen, subscriber.expected(committed));
            await subscriber.assertEndsRightly(committed);
          }
          for (const sample of samples) {
            assert.deepEqual(
              journal.history(sample.id),
              committed.filter((event) => "jobId" in event && event.jobId === sample.id),
            );
            assert.deepEqual(journal.job(sample.id)?.view, sample.view);
          }
        } finally {
          journal.close();
        }
      },
    ),
    { numRuns: 150 },
  );
});
