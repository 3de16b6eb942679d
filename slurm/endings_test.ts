import { deepEqual, equal, ok } from "node:assert/strict";
import { explainEnd, explainFinalState } from "./endings.ts";
import { slurmStates } from "./states.ts";

Deno.test("every state has words of its own", () => {
  for (const state of slurmStates) {
    equal(explainFinalState(state).code, state);
    ok(explainFinalState(state).text.endsWith("."));
  }
});

Deno.test("a failed job is explained by its exit code", () => {
  deepEqual(explainEnd({ state: "FAILED", reason: "NonZeroExitCode", exit: { exitCode: 3 } }), {
    code: "NonZeroExitCode",
    text: "The job ended with exit code 3.",
  });
});

Deno.test("a signal is told by number and name, whatever reason Slurm gives", () => {
  for (const reason of ["JobLaunchFailure", "RaisedSignal"]) {
    deepEqual(explainEnd({ state: "FAILED", reason, exit: { exitCode: 0, signal: 9 } }), {
      code: "RaisedSignal",
      text: "The job was ended by signal 9 (SIGKILL).",
    });
  }
  equal(
    explainEnd({ state: "FAILED", exit: { exitCode: 0, signal: 40 } }).text,
    "The job was ended by signal 40.",
  );
});

Deno.test("a job that could not be launched says so", () => {
  equal(
    explainEnd({ state: "FAILED", reason: "JobLaunchFailure", exit: { exitCode: 1 } }).code,
    "JobLaunchFailure",
  );
});

Deno.test("what a job waited for when it was cancelled does not explain its end", () => {
  equal(explainEnd({ state: "CANCELLED", reason: "JobHeldUser" }).code, "CANCELLED");
});

Deno.test("states that tell more than the signal that came with them win", () => {
  const exit = { exitCode: 0, signal: 15 };
  equal(explainEnd({ state: "TIMEOUT", exit }).code, "TIMEOUT");
  equal(explainEnd({ state: "OUT_OF_MEMORY", exit }).code, "OUT_OF_MEMORY");
});
