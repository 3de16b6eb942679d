import { deepEqual, equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { expandArray, formatJobId, InvalidArrayError, parseJobId, parseStepId } from "./job_ids.ts";

Deno.test("every form of id is read", () => {
  deepEqual(parseJobId("12"), { kind: "job", job: 12 });
  deepEqual(parseJobId("12_4"), { kind: "task", job: 12, task: 4 });
  deepEqual(parseJobId("12+1"), { kind: "component", job: 12, component: 1 });
  deepEqual(parseJobId("12_[0-4%2]"), { kind: "waitingTasks", job: 12, tasks: "0-4%2" });
  deepEqual(parseJobId("12_[1,3-5]"), { kind: "waitingTasks", job: 12, tasks: "1,3-5" });
});

Deno.test("ids of steps are read with their jobs", () => {
  deepEqual(parseStepId("12.batch"), { job: { kind: "job", job: 12 }, step: "batch" });
  deepEqual(parseStepId("12_4.0"), { job: { kind: "task", job: 12, task: 4 }, step: "0" });
  deepEqual(parseStepId("12+1.extern"), {
    job: { kind: "component", job: 12, component: 1 },
    step: "extern",
  });
  equal(parseStepId("12"), undefined);
});

Deno.test("what is not an id is not read", () => {
  for (const text of ["", "x", "12_", "_4", "12_4_5", "12+", "-1", "12 ", "1e3", "12_[a]"]) {
    equal(parseJobId(text), undefined, text);
    equal(parseStepId(`${text}.batch`), undefined, text);
  }
});

Deno.test("reading ids never throws", () => {
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
    parseJobId(text);
    parseStepId(text);
  }));
});

Deno.test("an id reads back as itself", () => {
  const number = fc.nat({ max: 2 ** 31 });
  fc.assert(fc.property(number, number, (job, part) => {
    for (
      const id of [
        { kind: "job", job },
        { kind: "task", job, task: part },
        { kind: "component", job, component: part },
      ] as const
    ) deepEqual(parseJobId(formatJobId(id)), id);
  }));
});

Deno.test("arrays are expanded in ascending order", () => {
  deepEqual(expandArray("0-19:5%5"), [0, 5, 10, 15]);
  deepEqual(expandArray("7,1-3"), [1, 2, 3, 7]);
  deepEqual(expandArray("4"), [4]);
});

Deno.test("an array that cannot be used is refused", () => {
  for (
    const expression of [
      "",
      "5-1",
      "0-4:0",
      "1,1",
      "0-4,3",
      "a",
      "1-",
      "0-4%",
      "0-4%0",
      "0-4%1%2",
      "-1",
      "0-1001",
      "0-99999999999",
    ]
  ) {
    throws(() => expandArray(expression), (error) => {
      return error instanceof InvalidArrayError && error.code === "INVALID_ARRAY";
    }, expression);
  }
});

Deno.test("the cluster's MaxArraySize is the first number that is too high", () => {
  deepEqual(expandArray("9", 10), [9]);
  throws(() => expandArray("10", 10), /highest number this cluster allows is 9/);
});

Deno.test("an expanded array names each of its tasks once", () => {
  fc.assert(fc.property(fc.uniqueArray(fc.nat({ max: 1000 }), { minLength: 1 }), (tasks) => {
    deepEqual(expandArray(tasks.join(",")), [...tasks].sort((a, b) => a - b));
  }));
});
