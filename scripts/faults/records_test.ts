import assert from "node:assert/strict";
import { parseSlurmRecords, parseStarts, sluiceIdOf } from "./records.ts";

Deno.test("starts are read line by line, and anything else is an error", () => {
  assert.deepEqual(parseStarts("a - 0 12\nb 3 1 14\n"), [
    { token: "a", task: "-", restart: "0", slurmId: "12" },
    { token: "b", task: "3", restart: "1", slurmId: "14" },
  ]);
  assert.deepEqual(parseStarts(""), []);
  assert.throws(() => parseStarts("a - 0\n"), /not a start/);
  assert.throws(() => parseStarts("a - 0 12 b - 0 13\n"), /not a start/);
});

Deno.test("of Slurm's lists only the jobs of the run count, tasks under the id of their array", () => {
  const text = [
    "12|sluice:x|COMPLETED|2026-01-01T00:00:00|n1|/home/run/jobs/x",
    "13_2|sluice:y|RUNNING|2026-01-01T00:00:00|n2|/home/run/jobs/y",
    "13_[3-4%1]|sluice:y|PENDING|N/A||/home/run/jobs/y",
    "14|sluice:z|CANCELLED by 0|2026-01-01T00:00:00|None assigned|/home/run/jobs/z",
    "15|sluice:w|COMPLETED|2026-01-01T00:00:00|n1|/home/runner/jobs/w",
    "",
  ].join("\n");
  assert.deepEqual(
    parseSlurmRecords(text, "/home/run").map(({ jobId, ran }) => [jobId, ran]),
    [["12", true], ["13", true], ["13", false], ["14", false]],
  );
});

Deno.test("a comment of any attempt tells Sluice's id", () => {
  const id = "01890a5d-ac96-774b-bcce-b302099a8057";
  assert.equal(sluiceIdOf(`sluice:${id}`), id);
  assert.equal(sluiceIdOf(`sluice:${id}.2`), id);
  assert.equal(sluiceIdOf("mine"), undefined);
});
