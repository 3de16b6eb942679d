import { deepEqual } from "node:assert/strict";
import { schedulerIdSchema } from "../model/mod.ts";
import { parseScancelErrors, scancelArguments } from "./scancel.ts";
import { testdata } from "./testing/captured.ts";

Deno.test("several ids go in one call", () => {
  const ids = [schedulerIdSchema.parse("12"), schedulerIdSchema.parse("13_4")] as const;
  deepEqual(scancelArguments(ids), ["scancel", "12", "13_4"]);
});

Deno.test("only jobs that wait, or that run, are reached where that was asked", () => {
  const ids = [schedulerIdSchema.parse("12"), schedulerIdSchema.parse("13_4")] as const;
  deepEqual(scancelArguments(ids, "end_if_waiting"), ["scancel", "--state=PENDING", "12", "13_4"]);
  deepEqual(scancelArguments(ids, { signal: "USR1" }), [
    "scancel",
    "--state=RUNNING",
    "--full",
    "--signal=USR1",
    "12",
    "13_4",
  ]);
});

Deno.test("what a real scancel complains of is read", () => {
  deepEqual(parseScancelErrors(testdata("scancel-errors.txt")), [
    { words: "Invalid job id 1_2_3" },
  ]);
});

Deno.test("the job is found in scancel's words", () => {
  deepEqual(
    parseScancelErrors(
      "scancel: error: Kill job error on job id 12_4: Access/permission denied\n\nnoise\n",
    ),
    [
      { id: "12_4", words: "Kill job error on job id 12_4: Access/permission denied" },
      { words: "noise" },
    ],
  );
});
