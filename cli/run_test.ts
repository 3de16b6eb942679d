import assert from "node:assert/strict";
import type { JobPhase, Returned } from "../model/mod.ts";
import { isFinal } from "../model/mod.ts";
import { testToken, withServer } from "../rpc/testing/mod.ts";
import { runProgram } from "./program.ts";
import { FakeTerminal } from "./testing/fake_terminal.ts";

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** What was submitted. */
  readonly payload: unknown;
}

/** Runs `sluice run` against a server whose job ends so. */
async function ran(
  words: readonly string[],
  phase: JobPhase = "succeeded",
  exitCode = 0,
  returns?: Returned,
): Promise<Ran> {
  let result: Ran | undefined;
  await withServer(async ({ api, server }) => {
    api.returns = returns;
    const terminal = new FakeTerminal({
      env: { SLUICE_URL: server.url, SLUICE_TOKEN: testToken },
      files: { "src/tides.py": "def fit(): pass\n", "a:b.ts": "export default 1;\n" },
    });
    const running = runProgram(["run", ...words], terminal);
    let payload: unknown;
    for await (const { jobId, fact } of api.jobs.events({}, { signal: ended(running) })) {
      if (fact.type !== "accepted") continue;
      payload = fact.spec.payload;
      assert.ok(isFinal(phase));
      api.record(jobId, { type: "ended", phase, exitCode, nodes: [] });
      break;
    }
    result = { code: await running, out: terminal.outText, err: terminal.errText, payload };
    assert.equal(terminal.listened, false, "an interrupt handler is left");
  });
  assert.ok(result !== undefined);
  return result;
}

/** Aborted when the command has ended, which it does before it submits where it was called wrongly. */
function ended(running: Promise<unknown>): AbortSignal {
  const controller = new AbortController();
  running.then(() => controller.abort(), () => controller.abort());
  return controller.signal;
}

Deno.test("run sends a function with its arguments and prints what it returns", async () => {
  const { code, out, err, payload } = await ran(
    ["src/tides.py:Model.fit", "--keyword", 'rate={"a":1}', "--", "-1", '"it\'s"', "[null]"],
    "succeeded",
    0,
    { kind: "value", value: { sum: [1, "é"] } },
  );
  assert.deepEqual([code, out, err], [0, '{"sum":[1,"é"]}\n', ""]);
  assert.deepEqual(payload, {
    kind: "function",
    language: "python",
    module: { text: "def fit(): pass\n", file: "tides.py" },
    name: "Model.fit",
    arguments: [-1, "it's", [null]],
    keywords: { rate: { a: 1 } },
  });
});

Deno.test("run takes functions of TypeScript, and modules on the cluster", async () => {
  const value = { kind: "value", value: null } as const;
  const here = await ran(["a:b.ts:default"], "succeeded", 0, value);
  assert.deepEqual([here.code, here.out], [0, "null\n"]);
  const there = await ran(
    ["~/lib/x.py:f", "--on-cluster", "--interpreter", "python3.11 -O"],
    "succeeded",
    0,
    value,
  );
  assert.deepEqual(there.payload, {
    kind: "function",
    language: "python",
    module: { path: "~/lib/x.py" },
    name: "f",
    arguments: [],
    keywords: {},
    interpreter: ["python3.11", "-O"],
  });
});

Deno.test("run ends with the job's status, and shows the traceback of an exception", async () => {
  const exception = {
    kind: "exception",
    stage: "call",
    type: "ValueError",
    message: "no",
    traceback: "Traceback…\nValueError: no\n",
  } as const;
  const raised = await ran(["src/tides.py:fit"], "failed", 93, exception);
  assert.deepEqual([raised.code, raised.out, raised.err], [93, "", exception.traceback]);
  const left = await ran(["src/tides.py:fit"], "failed", 7);
  assert.deepEqual([left.code, left.out], [7, ""]);
  assert.match(left.err, /left no result/);
});

Deno.test("run refuses what names no function, and arguments that are not JSON", async () => {
  for (
    const [words, told] of [
      [["src/tides.py"], /names no function/],
      [["src/tides.rb:fit"], /language of src\/tides.rb/],
      [["src/tides.py:fit", "text"], /Argument 1 is not JSON: text/],
      [["src/none.py:fit"], /module src\/none.py cannot be read/],
      [["src/tides.py:fit", "--keyword", "x"], /has no value/],
    ] as const
  ) {
    const { code, err, payload } = await ran(words);
    assert.deepEqual([code, payload], [2, undefined], words.join(" "));
    assert.match(err, told);
  }
});
