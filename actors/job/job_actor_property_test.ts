import assert from "node:assert/strict";
import fc from "fast-check";
import type { Retry, SignalName } from "../../model/mod.ts";
import { JobWorld } from "../testing/job_world.ts";
import type { StageFate, WorldDefects } from "../testing/job_world.ts";
import { anySpec } from "../testing/simulated_job.ts";
import type { CallFate, Fate, Reaction } from "../testing/simulated_slurm.ts";

type Move =
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "calls"; readonly fates: readonly CallFate[] }
  | { readonly do: "start"; readonly which: number }
  | { readonly do: "befall"; readonly which: number; readonly fate: Fate }
  | { readonly do: "say"; readonly which: number; readonly count: number }
  | { readonly do: "forget" }
  | { readonly do: "lose"; readonly begun: boolean }
  | { readonly do: "accounting"; readonly answers: boolean }
  | { readonly do: "lines"; readonly count: number; readonly times: number }
  | {
    readonly do: "cancel";
    readonly task: number | undefined;
    readonly signal: SignalName | undefined;
    readonly graceSeconds: number | undefined;
  }
  | { readonly do: "down" }
  | { readonly do: "up" }
  | { readonly do: "silence" }
  | { readonly do: "crash"; readonly where: "before" | "after" }
  | { readonly do: "restart" }
  | { readonly do: "full"; readonly full: boolean }
  | { readonly do: "refuse" };

interface Scene {
  /** Whether its payload has something to say. */
  readonly speaks: boolean;
  /** Whether it brings its software along. */
  readonly packed: boolean;
  readonly stageFates: readonly StageFate[];
  readonly array: string | undefined;
  readonly retry: Omit<Retry, "exitCodes"> & { readonly exitCodes?: number[] } | undefined;
  readonly reaction: Reaction;
  readonly accountingLagMs: number;
  readonly moves: readonly Move[];
}

const callFate: fc.Arbitrary<CallFate> = fc.record({
  delayMs: fc.constantFrom(0, 20, 700, 15_000),
  result: fc.oneof<fc.MaybeWeightedArbitrary<CallFate["result"]>[]>(
    { weight: 8, arbitrary: fc.constant("done") },
    { weight: 3, arbitrary: fc.constant("done, answer lost") },
    { weight: 2, arbitrary: fc.constant("not done") },
    { weight: 2, arbitrary: fc.constant("postponed") },
    { weight: 1, arbitrary: fc.constant("defect") },
  ),
  seesEarly: fc.boolean(),
});

const stageFate: fc.Arbitrary<StageFate> = fc.record({
  delayMs: fc.constantFrom(20, 700, 15_000),
  result: fc.oneof<fc.MaybeWeightedArbitrary<StageFate["result"]>[]>(
    { weight: 6, arbitrary: fc.constant("sent") },
    { weight: 6, arbitrary: fc.constant("fails") },
    { weight: 1, arbitrary: fc.constant("never works") },
  ),
});

const which = fc.nat({ max: 3 });

const move: fc.Arbitrary<Move> = fc.oneof<fc.MaybeWeightedArbitrary<Move>[]>(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("pass"),
      ms: fc.constantFrom(10, 300, 1_500, 6_000, 12_000, 40_000),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("calls"),
      fates: fc.array(callFate, { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 12, arbitrary: fc.record({ do: fc.constant("start"), which }) },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("befall"),
      which,
      fate: fc.constantFrom<Fate[]>(
        "exit 0",
        "exit 1",
        "exit 3",
        "time limit",
        "out of memory",
        "preempted",
        "preempted and put back",
        "node failed",
        "node failed and put back",
        "put back",
        "cancelled by its owner",
      ),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("say"),
      which,
      count: fc.constantFrom(1, 1, 7),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: "forget" }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("lose"), begun: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("accounting"), answers: fc.boolean() }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("lines"),
      count: fc.integer({ min: 1, max: 3 }),
      times: fc.constantFrom(0, 1, 1, 2),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("cancel"),
      task: fc.constantFrom(undefined, undefined, 0, 1),
      signal: fc.constantFrom<(SignalName | undefined)[]>(undefined, "USR1", "USR1", "TERM"),
      graceSeconds: fc.constantFrom(undefined, 5, 100),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: "down" }) },
  { weight: 3, arbitrary: fc.constant({ do: "up" }) },
  { weight: 1, arbitrary: fc.constant({ do: "silence" }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("crash"),
      where: fc.constantFrom<("before" | "after")[]>("before", "after"),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "restart" }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("full"), full: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ do: "refuse" }) },
);

const retry: fc.Arbitrary<Scene["retry"]> = fc.option(
  fc.record({
    times: fc.integer({ min: 1, max: 2 }),
    on: fc.constantFrom<Retry["on"][]>(
      ["failed", "timed_out", "out_of_memory", "node_failed", "preempted"],
      ["failed", "timed_out", "out_of_memory", "node_failed", "preempted"],
      ["failed", "preempted"],
      ["node_failed", "timed_out"],
    ),
    exitCodes: fc.constantFrom([1], [1, 3, 138]),
    delaySeconds: fc.constantFrom(0, 10, 45),
    factor: fc.constant(2),
    maxDelaySeconds: fc.constant(60),
  }, { requiredKeys: ["times", "on", "delaySeconds", "factor", "maxDelaySeconds"] }),
  { nil: undefined, freq: 4 },
);

const scene: fc.Arbitrary<Scene> = fc.record({
  speaks: fc.boolean(),
  packed: fc.constantFrom(false, false, true),
  stageFates: fc.array(stageFate, { maxLength: 4 }),
  array: fc.constantFrom(undefined, undefined, "0-2%2"),
  retry,
  reaction: fc.constantFrom<Reaction[]>(
    "dies",
    "exits with its number",
    "exits 0",
    "exits 3",
    "ignores it",
  ),
  accountingLagMs: fc.constantFrom(0, 5_000, 50_000),
  moves: fc.array(move, { maxLength: 45, size: "max" }),
});

async function make(world: JobWorld, move: Move): Promise<void> {
  const { slurm } = world;
  switch (move.do) {
    case "pass":
      return await world.pass(move.ms);
    case "calls":
      slurm.fates = [...move.fates];
      return;
    case "start": {
      const part = slurm.pick(slurm.parts.filter((one) => one.waits), move.which);
      if (part !== undefined) slurm.start(part);
      return;
    }
    case "befall": {
      const part = slurm.pick(slurm.parts.filter((one) => one.runs), move.which);
      if (part !== undefined) slurm.befall(part, move.fate);
      return;
    }
    case "say": {
      const part = slurm.pick(slurm.parts.filter((one) => one.runs), move.which);
      if (part !== undefined && world.spec.messages !== undefined) world.say(part, move.count);
      return;
    }
    case "forget":
      for (const part of slurm.parts) if (part.over) part.forgotten = true;
      return;
    case "lose":
      slurm.lose(move.begun);
      return;
    case "accounting":
      slurm.accountingAnswers = move.answers;
      return;
    case "lines":
      return await world.deliver(move.count, move.times);
    case "cancel": {
      const { task, signal, graceSeconds } = move;
      const ofTask = task === undefined || world.view.tasks === undefined ? {} : { task };
      return world.cancel({
        ...ofTask,
        signal,
        graceSeconds: signal === undefined ? undefined : graceSeconds,
      });
    }
    case "down":
      return world.down();
    case "up":
      return world.up();
    case "silence":
      return world.tell({
        type: "silenced",
        since: undefined,
        reason: { code: "LinkLost", text: "The connection is lost." },
      });
    case "crash":
      world.crash = move.where;
      return;
    case "restart":
      return await world.restart();
    case "full":
      world.full = move.full;
      return;
    case "refuse":
      slurm.refuses = true;
      return;
  }
}

/** A play in which laws were broken. */
class BrokenLaws extends Error {
  constructor(after: string, laws: readonly string[]) {
    super(`after ${after}:\n${laws.join("\n")}`);
  }
}

/** Plays a scene to its end; gives the world as it is then, closed. */
async function play(
  { speaks, packed, stageFates, array, retry, reaction, accountingLagMs, moves }: Scene,
  defects: WorldDefects = {},
): Promise<JobWorld> {
  const spec = anySpec({
    ...(speaks ? { messages: {} } : {}),
    ...(packed ? { software: { kind: "archive", path: "a" } } : {}),
    ...(array === undefined ? {} : { resources: { array } }),
    ...(retry === undefined ? {} : { retry }),
  });
  await using world = await JobWorld.open(spec, defects);
  const check = (after: string) => {
    if (world.troubles.length > 0) throw new BrokenLaws(after, world.troubles);
  };
  world.slurm.reaction = reaction;
  world.slurm.accountingLagMs = accountingLagMs;
  world.stageFates = [...stageFates];
  world.up();
  for (const move of moves) {
    await make(world, move);
    await world.clock.settle();
    check(JSON.stringify(move));
  }
  await world.finish();
  check("the end");
  return world;
}

Deno.test("a job that was taken back before its actor failed is not ended for that once it is sent", async () => {
  const quiet = { array: undefined, retry: undefined, speaks: false, stageFates: [] };
  const scene: Scene = {
    ...quiet,
    packed: true,
    reaction: "dies",
    accountingLagMs: 0,
    moves: [
      { do: "crash", where: "after" },
      { do: "cancel", task: undefined, signal: undefined, graceSeconds: undefined },
      { do: "full", full: true },
      { do: "pass", ms: 6000 },
    ],
  };
  const { view } = await play(scene);
  assert.equal(view.phase, "cancelled");
});

Deno.test("whatever happens and whenever, a job comes to the end that it truly had", async () => {
  const reached = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(scene, async (scene) => {
      const { facts, view } = await play(scene);
      const endings = facts.flatMap((fact) =>
        fact.type === "ended" || fact.type === "attempt_ended" ? [fact.reason?.code ?? ""] : []
      );
      const seen = new Set<string>([view.phase, ...endings, ...facts.map(({ type }) => type)]);
      for (const what of seen) reached.set(what, (reached.get(what) ?? 0) + 1);
    }),
    { numRuns: 400 },
  );
  for (
    const what of [
      "succeeded",
      "failed",
      "cancelled",
      "timed_out",
      "attempt_ended",
      "signalled",
      "unknown",
      "known",
      "exited",
      "SchedulerLostJob",
      "Forgotten",
      "staging",
      "staged",
      "PLATFORM_MISMATCH",
      "message",
    ]
  ) {
    assert.ok(reached.has(what), `no run came to '${what}'`);
  }
});

/** What may be wrong: with any of it, some run breaks a law; without, none does. */
const broken: readonly (readonly [what: string, defects: WorldDefects, law?: RegExp])[] = [
  ["a scheduler that submits again what it has", { submitsTwice: true }],
  ["a job that forgets that it may have been sent", { forgetsTries: true }],
  ["an end that is told as final when it is not", { hidesReturn: true }],
  ["a scheduler that takes cancellations and forgets them", { ignoresCancels: true }],
  ["cancellations that never arrive", { losesRequests: true }],
  ["a signal that is told again", { cancelsTwice: true }],
  ["lines of an earlier attempt that are taken for the present one", { mixesAttempts: true }],
  ["a fold that forgets attempts", { foldsWrong: true }],
  [
    "an end that is told before what was said last",
    { readsTooLittle: true },
    /what a payload has said is told before its end/,
  ],
  [
    "a payload that runs again although it had begun when it was given up",
    { deniesBeginning: true },
    /only its policy has a payload run by more than one attempt/,
  ],
];

for (const [what, defects, law = /./] of broken) {
  Deno.test(`the play finds ${what}`, async () => {
    const found = await fc.check(
      fc.asyncProperty(scene, async (scene) => {
        try {
          await play(scene, defects);
        } catch (error) {
          // Whether it is the right law that finds it.
          if (!(error instanceof BrokenLaws) || law.test(error.message)) throw error;
        }
      }),
      { numRuns: 3_000, endOnFailure: true },
    );
    assert.ok(found.failed, "no run broke a law");
    assert.ok(found.errorInstance instanceof BrokenLaws, `${found.errorInstance}`);
  });
}
