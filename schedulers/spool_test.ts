import assert from "node:assert/strict";
import { attemptId, newJobId } from "../model/mod.ts";
import { parseSpoolLine } from "./spool.ts";

const id = attemptId(newJobId(), 1);

Deno.test("a line tells of a start, of an end, or of a cluster that has come up", () => {
  const head = { attemptId: id, restart: 1 };
  assert.deepEqual(parseSpoolLine(`${id} - 1 start 12 -`), { ...head, kind: "start", at: 12_000 });
  assert.deepEqual(parseSpoolLine(`${id} 4 1 end 3 TERM`), {
    ...head,
    task: 4,
    kind: "end",
    exitCode: 3,
    caught: "TERM",
  });
  assert.deepEqual(parseSpoolLine(`${id} - 1 ready 0 -`), { attemptId: id, kind: "ready" });
});

Deno.test("what is no record is passed over", () => {
  for (const line of ["", "ready", `${id} - 0 ready`, `${id} - 0 reading 0 -`, `x - 0 ready 0 -`]) {
    assert.equal(parseSpoolLine(line), undefined, line);
  }
});
