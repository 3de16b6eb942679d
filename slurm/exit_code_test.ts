import { deepEqual, equal } from "node:assert/strict";
import { parseExitStatus } from "./exit_code.ts";

Deno.test("sacct's form is read", () => {
  deepEqual(parseExitStatus("3:0"), { exitCode: 3 });
  deepEqual(parseExitStatus("0:9"), { exitCode: 0, signal: 9 });
  deepEqual(parseExitStatus("0:139"), { exitCode: 0, signal: 11 });
});

Deno.test("squeue's raw form is read", () => {
  deepEqual(parseExitStatus("0"), { exitCode: 0 });
  deepEqual(parseExitStatus("768"), { exitCode: 3 });
  deepEqual(parseExitStatus("9"), { exitCode: 0, signal: 9 });
  deepEqual(parseExitStatus("139"), { exitCode: 0, signal: 11 });
});

Deno.test("anything else is not guessed", () => {
  for (const text of ["", "N/A", "-1", "4294967294", "1:2:3", undefined]) {
    equal(parseExitStatus(text), undefined);
  }
});
