import assert from "node:assert/strict";
import { batches, GROUPS, type Lane, stages, type TestGroup } from "./group.ts";

function group(name: string, ...paths: string[]): TestGroup {
  return { name, paths, permissions: () => [], lane: "machine" };
}

Deno.test("a file goes to the group with the longest beginning of its path", () => {
  const whole = group("whole", "actors/");
  const kernel = group("kernel", "actors/kernel/");
  const files = ["actors/kernel/b_test.ts", "actors/job_test.ts", "actors/kernel/a_test.ts"];
  assert.deepEqual(batches(files, [whole, kernel]), [
    { group: whole, files: ["actors/job_test.ts"] },
    { group: kernel, files: ["actors/kernel/a_test.ts", "actors/kernel/b_test.ts"] },
  ]);
});

Deno.test("a file that no group covers is told rather than forgotten", () => {
  assert.throws(() => batches(["new/a_test.ts"], [group("old", "old/")]), /new\/a_test\.ts/);
});

Deno.test("no group may run every program or do all", () => {
  for (const { name, permissions } of GROUPS) {
    for (const flag of permissions({ deno: "/deno", temporary: "/tmp", testbed: "/t" })) {
      assert.match(flag, /^--allow-(env|net|read|write|\w+=.+)$/, `${name}: ${flag}`);
    }
  }
});

Deno.test("lanes run side by side, each in its order, and stages one after the other", () => {
  const of = (name: string, lane: Lane): TestGroup => ({ ...group(name, `${name}/`), lane });
  const groups = [
    of("a", "machine"),
    of("b", "machine"),
    of("c", "cluster-a"),
    of("d", "alone"),
    of("e", "nodes"),
    of("f", "burst"),
  ];
  const files = groups.map(({ name }) => `${name}/x_test.ts`);
  const names = stages(batches(files, groups)).map((stage) =>
    stage.map((lane) => lane.map(({ group }) => group.name))
  );
  assert.deepEqual(names, [[["c"]], [["e"], ["f"]], [["a", "b"], ["d"]]]);
  assert.deepEqual(stages([]), []);
  assert.deepEqual(stages(batches(["d/x_test.ts"], groups)).length, 1);
});
