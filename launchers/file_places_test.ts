import assert from "node:assert/strict";
import fc from "fast-check";
import { inputPlaces, outputPlaces, placePath, placeWord } from "./file_places.ts";
import type { FilePlace } from "./file_places.ts";
import { inputsSchema, outputsSchema } from "../model/mod.ts";
import type { Input, Output } from "../model/mod.ts";

type GivenOutput = Partial<Output>;

function only(places: ReadonlyMap<string, FilePlace>): FilePlace {
  const [place] = places.values();
  assert.ok(place !== undefined);
  return place;
}

function ofInput(name: string, input: Input, terms = {}): string {
  return placePath(only(inputPlaces(inputsSchema.parse({ [name]: input }), terms)), "~/jobs/1");
}

function ofOutput(output: GivenOutput, terms = {}, task?: number): string {
  const places = outputPlaces(outputsSchema.parse({ model: output }), terms);
  return placePath(only(places), "~/jobs/1", task);
}

Deno.test("an input lies where it is told to, else below `inputs` under its own name", () => {
  assert.equal(ofInput("x", { file: "data/a b.csv" }), "~/jobs/1/inputs/a b.csv");
  assert.equal(ofInput("x", { directory: "/data/set/" }), "~/jobs/1/inputs/set");
  assert.equal(ofInput("x", { directory: "." }), "~/jobs/1/inputs/x");
  assert.equal(ofInput("a/b", { glob: "*.csv" }), "~/jobs/1/inputs/a%2Fb");
  assert.equal(ofInput("..", { glob: "*.csv" }), "~/jobs/1/inputs/%2E%2E");
  assert.equal(ofInput("x", { file: "a", to: "/scratch/a" }), "/scratch/a");
  assert.equal(ofInput("x", { file: "a", to: "~/a" }), "~/a");
  assert.equal(ofInput("x", { text: "hello", to: "in/a" }), "~/jobs/1/in/a");
  assert.equal(ofInput("x", { file: "a", to: "b" }, { workingDirectory: "/w" }), "/w/b");
  assert.equal(ofInput("x", { file: "a", to: "b" }, { workingDirectory: "~" }), "~/b");
  assert.equal(ofInput("x", { file: "a" }, { component: 2 }), "~/jobs/1/inputs.2/a");
});

Deno.test("values have no place", () => {
  assert.equal(inputPlaces({ a: "x", b: 1, c: true, d: ["x"] }, {}).size, 0);
});

Deno.test("an output has the task's number where the location or nothing else tells tasks apart", () => {
  assert.equal(ofOutput({}), "~/jobs/1/outputs/model");
  assert.equal(ofOutput({}, {}, 7), "~/jobs/1/outputs/model.7");
  assert.equal(ofOutput({}, { component: 1 }), "~/jobs/1/outputs/model.1");
  assert.equal(ofOutput({ location: "out/%a/%a.bin" }, {}, 7), "~/jobs/1/out/7/7.bin");
  assert.equal(ofOutput({ location: "/s/%a" }, { component: 3 }), "/s/3");
  assert.equal(ofOutput({ location: "~/m" }, { workingDirectory: "/w" }), "~/m");
});

Deno.test("two files that would lie in the same place are refused", () => {
  const inputs = { one: { file: "a/data" }, other: { file: "b/data" } };
  assert.throws(() => inputPlaces(inputs, {}), { code: "SAME_PLACE" });
  const outputs = outputsSchema.parse({ one: { location: "x" }, other: { location: "x" } });
  assert.throws(() => outputPlaces(outputs, {}), { code: "SAME_PLACE" });
  for (const [to, same] of [["x", "./x"], ["a/b", "a//b/"], ["/s/./x", "/s/x"], ["~/x", "~/./x"]]) {
    const written = { one: { file: "a", to }, other: { file: "b", to: same } };
    assert.throws(() => inputPlaces(written, {}), { code: "SAME_PLACE" }, `${to} ${same}`);
  }
  assert.equal(inputPlaces({ a: { file: "a", to: "x" }, b: { file: "b", to: "~/x" } }, {}).size, 2);
  const tasks = outputsSchema.parse({ one: { location: "%a" }, other: { location: "a" } });
  assert.equal(outputPlaces(tasks, {}).size, 2);
});

Deno.test("the shell finds a place where this side says that it is, whatever it is called", async () => {
  const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 })
    .filter((text) => !text.includes("\0"));
  const task = fc.option(fc.nat(999), { nil: undefined });
  const output = fc.oneof(
    fc.record({ location: name }),
    name.map((location) => ({ location: `/${location}` })),
    name.map((location) => ({ location: `~/${location}` })),
    fc.constant({}),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(output, { minLength: 1, maxLength: 30 }), task, async (all, task) => {
      const places = all.map((one) => only(outputPlaces(outputsSchema.parse({ "it's": one }), {})));
      const set = task === undefined ? [] : [`SLURM_ARRAY_TASK_ID=${task}`];
      const script = [
        "SLUICE_JOB_DIRECTORY='/jobs/a b' HOME='/home/a b'",
        ...set,
        `printf '%s\\0' ${places.map(placeWord).join(" ")}`,
      ].join("\n");
      const { stdout } = await new Deno.Command("sh", { args: ["-c", script], clearEnv: true })
        .output();
      assert.deepEqual(
        new TextDecoder().decode(stdout).split("\0").slice(0, -1),
        places.map((place) => placePath(place, "/jobs/a b", task).replace(/^~/, "/home/a b")),
      );
    }),
    { numRuns: 50 },
  );
});
