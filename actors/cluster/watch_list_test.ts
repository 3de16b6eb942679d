import assert from "node:assert/strict";
import { attemptId } from "../../model/mod.ts";
import type { AttemptId } from "../../model/mod.ts";
import type { Observation, Sighting } from "../../schedulers/mod.ts";
import type { JobMessage } from "../job/mod.ts";
import type { ActorRef } from "../kernel/mod.ts";
import { jobNumber, schedulerId } from "../testing/simulated_job.ts";
import { Stage } from "../testing/stage.ts";
import { WatchList } from "./watch_list.ts";

const first = (n: number): AttemptId => attemptId(jobNumber(n), 1);

const waiting: Sighting = { kind: "waiting", state: "PENDING", restarts: 0 };
const active: Sighting = {
  kind: "active",
  state: "RUNNING",
  nodes: ["n1", "n2"],
  startedAt: 5,
  restarts: 0,
};
const missing: Sighting = { kind: "missing", reason: { code: "LeftQueue", text: "Gone." } };
const ended: Sighting = { kind: "ended", phase: "succeeded", state: "COMPLETED", nodes: [] };

/** A list with a job that listens. */
class Watching extends Stage {
  readonly list = new WatchList();
  readonly job: ActorRef<JobMessage> = this.listener<JobMessage>().ref;

  watch(n: number, tasks?: number[]): void {
    const watched = { attemptId: first(n), schedulerId: schedulerId(`${n}`) };
    this.list.watch(tasks === undefined ? watched : { ...watched, tasks }, this.job);
  }

  /** Looks, tells, and gives whether anything moved and what was told. */
  look(...observations: Observation[]): [moved: boolean, told: Observation[]] {
    const news = this.list.see(observations);
    this.list.tell(news, 0);
    return [news.moved, [...news.groups.values()].flat()];
  }
}

const of = (n: number, sighting: Sighting): Observation => ({ attemptId: first(n), sighting });

Deno.test("what waits or runs is told once, and again when anything of it is another", async () => {
  await using watching = new Watching();
  watching.watch(1);
  const others: readonly [Sighting, moved: boolean][] = [
    [waiting, true],
    [{ ...waiting, reason: { code: "Priority", text: "Later." } }, false],
    [{ ...waiting, restarts: 1 }, false],
    [active, true],
    [{ ...active, state: "COMPLETING" }, true],
    [{ ...active, state: "COMPLETING", nodes: ["n1"] }, false],
    [{ ...active, state: "COMPLETING", nodes: ["n1"], startedAt: 6 }, false],
  ];
  for (const [sighting, moved] of others) {
    const seen = of(1, sighting);
    assert.deepEqual(watching.look(seen), [moved, [seen]], JSON.stringify(sighting));
    assert.deepEqual(watching.look(seen), [false, []], "the very same");
    assert.deepEqual(watching.look(of(1, { ...sighting })), [false, []], "the same words");
  }
});

Deno.test("what has to last to be believed is told at each look", async () => {
  await using watching = new Watching();
  watching.watch(1);
  for (const sighting of [missing, ended]) {
    const seen = of(1, sighting);
    assert.deepEqual(watching.look(seen), [true, [seen]]);
    assert.deepEqual(watching.look(seen), [false, [seen]]);
  }
  const back = of(1, active);
  assert.deepEqual(watching.look(back), [true, [back]]);
  assert.deepEqual(watching.look(back), [false, []]);
});

Deno.test("who asks to be watched again is told what he was told before, once", async () => {
  await using watching = new Watching();
  watching.watch(1);
  watching.watch(2);
  const seen = [of(1, active), of(2, active)];
  watching.look(...seen);
  watching.watch(2);
  assert.deepEqual(watching.look(...seen), [false, seen.slice(1)]);
  assert.deepEqual(watching.look(...seen), [false, []]);
});

Deno.test("of an array only the tasks are told of that are another", async () => {
  await using watching = new Watching();
  watching.watch(1, [0, 1, 2]);
  const look = (...sightings: Sighting[]) =>
    watching.look(...sightings.map((sighting, task) => ({ ...of(1, sighting), task })))[1]
      .map(({ task }) => task);
  assert.deepEqual(look(waiting, waiting, waiting), [0, 1, 2]);
  assert.deepEqual(look(waiting, active, missing), [1, 2]);
  assert.deepEqual(look(waiting, active, missing), [2]);
  assert.deepEqual(look(waiting, active, active), [2]);
});

Deno.test("an order that changes confuses nobody", async () => {
  await using watching = new Watching();
  for (const n of [1, 2, 3]) watching.watch(n);
  const [one, two, three] = [of(1, active), of(2, waiting), of(3, active)];
  watching.look(one, two, three);
  assert.deepEqual(watching.look(three, one, two), [false, []]);
  const started = of(2, active);
  assert.deepEqual(watching.look(started, three), [true, [started]]);
});

Deno.test("nobody is told of what is on the list no more", async () => {
  await using watching = new Watching();
  watching.watch(1);
  watching.watch(2);
  const before = watching.list.all;
  assert.equal(watching.list.all, before);
  const seen = [of(1, ended), of(2, active)];
  watching.look(...seen);
  watching.list.forget(first(1));
  assert.deepEqual(watching.look(...seen), [false, []]);
  assert.deepEqual(watching.list.all.map(({ attemptId }) => attemptId), [first(2)]);
});

Deno.test("a job that could not be told is told again", async () => {
  await using watching = new Watching();
  const answers: ("full" | "accepted" | "stopped")[] = ["full", "accepted", "stopped"];
  const told: JobMessage[] = [];
  const reluctant: ActorRef<JobMessage> = {
    ...watching.job,
    path: "/job",
    tell(message) {
      told.push(message);
      return answers.shift() ?? "accepted";
    },
    ask: () => Promise.reject(new Error("nobody asks")),
    stop: () => Promise.resolve(),
  };
  watching.list.watch({ attemptId: first(1), schedulerId: schedulerId("1") }, reluctant);
  const seen = of(1, active);
  for (let time = 0; time < 3; time++) watching.look(seen);
  assert.equal(told.length, 2);
  watching.look(of(1, waiting));
  assert.equal(told.length, 3);
  assert.equal(watching.list.size, 0, "an actor that has stopped hears nothing more");
});
