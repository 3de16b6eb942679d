import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type ActorRef,
  ActorSystem,
  type Behavior,
  type Reply,
  type RestartStrategy,
  type RestartType,
  seededRandom,
  VirtualClock,
} from "./mod.ts";

type Effect = "ok" | "sleep" | "hang" | "throw" | "reject" | "finish";

interface Job {
  readonly id: number;
  readonly effect: Effect;
  readonly reply?: Reply<number>;
}

const ACTORS = 3;

const effect = fc.constantFrom<Effect>(
  "ok",
  "ok",
  "ok",
  "sleep",
  "hang",
  "throw",
  "reject",
  "finish",
);
const actor = fc.nat({ max: ACTORS - 1 });
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant("tell" as const), actor, effect }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("ask" as const), actor, effect }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("wait" as const), ms: fc.nat(60) }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("stop" as const), actor, deadlineMs: fc.nat(30) }),
  },
);

Deno.test("every accepted message is handled, reported as failed or a dead letter: exactly one of them", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        strategy: fc.constantFrom<RestartStrategy>("one-for-one", "all-for-one", "rest-for-one"),
        types: fc.array(fc.constantFrom<RestartType>("permanent", "transient", "temporary"), {
          minLength: ACTORS,
          maxLength: ACTORS,
        }),
        restarts: fc.constantFrom(0, 2, Infinity),
        capacity: fc.integer({ min: 1, max: 6 }),
        minMs: fc.constantFrom(0, 15),
        steps: fc.array(step, { maxLength: 40 }),
        seed: fc.nat(),
      }),
      async ({ strategy, types, restarts, capacity, minMs, steps, seed }) => {
        const clock = new VirtualClock();
        const fates = new Map<number, string[]>();
        const begun = new Map<string, number>();
        const busy = new Map<string, number>();
        const violations: string[] = [];
        const ids = new Map<unknown, number>();
        const meets = (message: unknown, fate: string) => {
          const id = ids.get(message);
          assert.ok(id !== undefined);
          fates.set(id, [...fates.get(id) ?? [], fate]);
        };
        const job = (id: number, effect: Effect, reply?: Reply<number>): Job => {
          const made: Job = reply === undefined ? { id, effect } : { id, effect, reply };
          ids.set(made, id);
          return made;
        };

        const behavior: Behavior<Job, number> = {
          init: () => 0,
          receive(count, job, ctx) {
            const { path } = ctx;
            if (job.id <= (begun.get(path) ?? -1)) {
              violations.push(`${path}: ${job.id} out of order`);
            }
            if (busy.get(path)) violations.push(`${path}: ${job.id} while another was handled`);
            begun.set(path, job.id);
            const done = () => {
              meets(job, "handled");
              job.reply?.ok(job.id);
              return count + 1;
            };
            const later = async (after: () => number): Promise<number> => {
              busy.set(path, 1);
              const free = () => busy.set(path, 0);
              ctx.signal.addEventListener("abort", free);
              await new Promise<void>((resolve) => void clock.setTimeout(resolve, 20));
              if (ctx.signal.aborted) return count;
              free();
              return after();
            };
            switch (job.effect) {
              case "ok":
                return done();
              case "sleep":
                return later(done);
              case "hang":
                busy.set(path, 1);
                ctx.signal.addEventListener("abort", () => busy.set(path, 0));
                return new Promise(() => {});
              case "throw":
                throw new Error("thrown");
              case "reject":
                return later(() => {
                  throw new Error("rejected");
                });
              case "finish":
                ctx.stop();
                return done();
            }
          },
        };

        const system = new ActorSystem({
          clock,
          random: seededRandom(seed),
          supervision: { strategy, restarts },
          onFault: () => {},
        });
        system.events.subscribe((event) => {
          if (event.type === "failed" && event.during === "receive") {
            meets(event.message, "failed");
          } else if (event.type === "dead-letter" && event.letter.reason !== "late-reply") {
            meets(event.letter.message, "dead letter");
          }
        });
        const refs: ActorRef<Job>[] = types.map((restart, index) =>
          system.spawn(`a${index}`, behavior, {
            restart,
            mailbox: { capacity },
            backoff: { minMs },
            stopDeadlineMs: 50,
          })
        );

        const sent: number[] = [];
        const refused = new Set<number>();
        let askers = 0;
        for (const [id, taken] of steps.entries()) {
          switch (taken.type) {
            case "tell": {
              sent.push(id);
              const result = refs[taken.actor]?.tell(job(id, taken.effect));
              if (result !== "accepted") refused.add(id);
              break;
            }
            case "ask": {
              sent.push(id);
              askers++;
              refs[taken.actor]?.ask<number>((reply) => job(id, taken.effect, reply)).then(
                (answer) => assert.equal(answer, id),
                () => {},
              ).finally(() => askers--);
              break;
            }
            case "wait":
              await clock.advance(taken.ms);
              break;
            case "stop":
              void refs[taken.actor]?.stop({ deadlineMs: taken.deadlineMs });
          }
        }
        const stopped = system.stop();
        await clock.advance(5_000);
        await stopped;
        await clock.settle();

        for (const id of sent) {
          const fate = fates.get(id) ?? [];
          assert.equal(fate.length, 1, `message ${id}: ${fate.join(" and ") || "lost"}`);
          if (refused.has(id)) assert.deepEqual(fate, ["dead letter"]);
        }
        assert.deepEqual(violations, []);
        assert.equal(askers, 0, "no asker is left waiting");
        assert.equal(clock.pending, 0, "no timer is left");
      },
    ),
    { numRuns: 400 },
  );
});
