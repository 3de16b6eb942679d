import assert from "node:assert/strict";
import fc from "fast-check";
import { openLocal } from "../hosts/mod.ts";
import { attemptParts } from "../model/mod.ts";
import { parseExitRecords, printExitRecords } from "./exit_record.ts";
import { parseSpoolLine } from "./spool.ts";
import { newAttempt } from "./testing/attempts.ts";

const id = newAttempt();

Deno.test("records are found where they lie, and nothing else is", async () => {
  await using host = await openLocal();
  const root = `${await Deno.makeTempDir()}/it's`;
  try {
    const jobs = [newAttempt(), newAttempt(), newAttempt(), newAttempt()];
    const files = [
      "exit:12 0 3 - 100 200\n",
      "exit.7:13 1 137 TERM 100 200\nmore\n",
      "exit.8:13 0 0 - 100 200\n",
      ".exit:14 0 0 - 100 200\n",
    ];
    for (const [index, file] of files.entries()) {
      const directory = `${root}/${jobs[index === 3 ? 2 : Math.min(index, 1)]}`;
      await Deno.mkdir(directory, { recursive: true });
      const [name, content] = file.split(":");
      await Deno.writeTextFile(`${directory}/${name}`, content ?? "");
    }
    const { stdout } = await host.run(printExitRecords(root, jobs));
    assert.deepEqual(parseExitRecords(new TextDecoder().decode(stdout)), [
      {
        attemptId: jobs[0],
        schedulerId: "12",
        restart: 0,
        exitCode: 3,
        startedAt: 100_000,
        endedAt: 200_000,
      },
      {
        attemptId: jobs[1],
        task: 7,
        schedulerId: "13",
        restart: 1,
        exitCode: 137,
        caught: "TERM",
        startedAt: 100_000,
        endedAt: 200_000,
      },
      {
        attemptId: jobs[1],
        task: 8,
        schedulerId: "13",
        restart: 0,
        exitCode: 0,
        startedAt: 100_000,
        endedAt: 200_000,
      },
    ]);
  } finally {
    await Deno.remove(root.slice(0, -"/it's".length), { recursive: true });
  }
});

Deno.test("a later attempt's record is its own, not the job's", async () => {
  await using host = await openLocal();
  const root = await Deno.makeTempDir();
  try {
    const third = newAttempt(3);
    const directory = `${root}/${attemptParts(third).jobId}`;
    await Deno.mkdir(`${directory}/attempt-3`, { recursive: true });
    await Deno.writeTextFile(`${directory}/exit`, "12 0 1 - 100 200\n");
    await Deno.writeTextFile(`${directory}/attempt-3/exit`, "14 0 3 - 100 200\n");
    const { stdout } = await host.run(printExitRecords(root, [third]));
    const records = parseExitRecords(new TextDecoder().decode(stdout));
    assert.deepEqual(records.map(({ attemptId, exitCode }) => [attemptId, exitCode]), [[third, 3]]);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("a half-written record is no record", () => {
  const line = `${id} exit 12 0 3 - 1800000000 1800000001`;
  assert.equal(parseExitRecords(line).length, 1);
  for (let length = 0; length < line.length - 10; length++) {
    assert.deepEqual(parseExitRecords(line.slice(0, length)), [], line.slice(0, length));
  }
});

const piece = fc.constantFrom(
  id,
  " ",
  "exit",
  "exit.3",
  "12",
  "0",
  "-",
  "TERM",
  "start",
  "end",
  "\n",
);
const hostile = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(piece).map((pieces) => pieces.join("")),
  fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(" ")),
);

Deno.test("the readers of records and lines take anything, and give only what they promise", () => {
  fc.assert(fc.property(hostile, (text) => {
    for (const record of parseExitRecords(text)) {
      assert.equal(record.attemptId, id);
      for (const number of [record.restart, record.exitCode, record.startedAt, record.endedAt]) {
        assert.ok(Number.isSafeInteger(number) && number >= 0);
      }
    }
    const line = parseSpoolLine(text);
    if (line !== undefined) assert.equal(line.attemptId, id);
  }));
});

Deno.test("the spool's lines tell starts and ends, of jobs and of tasks", () => {
  assert.deepEqual(parseSpoolLine(`${id} - 0 start 1800000000 -`), {
    attemptId: id,
    restart: 0,
    kind: "start",
    at: 1_800_000_000_000,
  });
  assert.deepEqual(parseSpoolLine(`${id} 7 2 end 137 TERM`), {
    attemptId: id,
    task: 7,
    restart: 2,
    kind: "end",
    exitCode: 137,
    caught: "TERM",
  });
});

Deno.test("a torn line, or one of two mixed lines, is none", () => {
  const line = `${id} - 0 end 3 -`;
  for (const bad of [line.slice(1), line.slice(0, -2), `${line} `, `${line}${line}`, `x${line}`]) {
    assert.equal(parseSpoolLine(bad), undefined, bad);
  }
});
