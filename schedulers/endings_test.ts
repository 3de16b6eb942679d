import assert from "node:assert/strict";
import { reasonOf } from "./endings.ts";

Deno.test("an exit status by which Sluice ends jobs is told in words", () => {
  const text = (exitCode: number, signal?: number) =>
    reasonOf("FAILED", undefined, exitCode, signal).text;
  assert.match(text(95), /exit code 95\. .*an output is missing.*error output/);
  assert.match(text(97), /a command of `before` failed/);
  assert.match(text(80), /no command `module`/);
  assert.equal(text(3), "The job ended with exit code 3.");
  assert.equal(text(95, 9), "The job was ended by signal 9 (SIGKILL).");
  assert.equal(
    reasonOf("OUT_OF_MEMORY", undefined, 95, undefined).code,
    "OUT_OF_MEMORY",
  );
});
