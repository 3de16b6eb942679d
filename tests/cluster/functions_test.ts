/**
 * Functions as jobs: what goes in comes out, and whatever a function does, the call says what became of it.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import {
  FunctionCancelledError,
  FunctionEnvironmentError,
  FunctionError,
  FunctionImportError,
  FunctionInterpreterError,
  FunctionJobFailedError,
  FunctionMissingError,
  NoResultError,
  pythonFunction,
  RemoteFunctionError,
  ResultMismatchError,
  ResultNotJsonError,
  runFunction,
  tsFunction,
} from "../../mod.ts";
import type { JobSpecInput, JsonValue, RemoteFunction, RunOptions, Sluice } from "../../mod.ts";
import { onCluster } from "../../scripts/testbed/mod.ts";
import { denoOnNodes } from "./support/deno.ts";
import { until } from "./support/until.ts";
import { DEV, serveOnFreePort, Workspace } from "./support/workspace.ts";

const PYTHON = `
import os, sys, time

def echo(*values, **named): return [values, named]
def leave(code): sys.exit(code)
def vanish(code): os._exit(code)
def fork():
    if os.fork() == 0: return "the child"
    os.wait()
    return "the parent"
def shout():
    for number in range(1000000): print(number)
    return "done"
def inner(what): raise ValueError("no " + what)
def outer(what): return inner(what)
def not_json(): return {"a": [1, {2}]}
def wait(): time.sleep(600)
def task(): return int(os.environ["SLURM_ARRAY_TASK_ID"])
def large(size): return "x" * size
globals()["odd name.⌘"] = lambda: __name__
`;

const TYPESCRIPT = `
export const echo = (...values: unknown[]) => values;
export async function divide(a: number, b: number) {
  await Promise.resolve();
  if (b === 0) throw new RangeError("by zero");
  return { quotient: a / b };
}
export const leave = (code: number) => Deno.exit(code);
export const notJson = () => 2n ** 64n;
`;

/** Only its type is used: the function runs on the cluster. */
type Divide = (a: number, b: number) => Promise<{ quotient: number }>;

const RESOURCES = { memory: 200, time: 5 };

/** Values as JSON.parse makes them; JSON.stringify gives a zero no sign. */
const anyJson = fc.jsonValue({ maxDepth: 5 }).map((any): JsonValue =>
  JSON.parse(JSON.stringify(any))
);

const HOSTILE: JsonValue[] = [
  "\ud800 and \udfff",
  "\0\u0001\u2028\ufeff\r\n\t\"'\\`$(id) {inputs.x} {task.fn}",
  JSON.parse('{"__proto__": {"constructor": 1}, "": {"a\\u0000b": []}}'),
  [2 ** 53, -(2 ** 60), 1e20, 1e21, Number.MAX_VALUE, 5e-324, 0.1 + 0.2],
  "é".repeat(1_000_000),
];

const python = (name: string, rest: Partial<Parameters<typeof pythonFunction>[0]> = {}) =>
  pythonFunction({ text: PYTHON, fileName: "tides.py", name, ...rest });

/** The error that a call must end with. */
async function failure<E extends Error>(
  call: Promise<unknown>,
  kind: abstract new (...words: never[]) => E,
): Promise<E> {
  const error = await call.then(
    (value) => assert.fail(`it returned ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  if (error instanceof kind) return error;
  throw error;
}

/** What the tests of one session share. */
interface Stage {
  readonly sluice: Sluice;
  readonly deno: string;
  /** Options of a call in the session. */
  readonly here: Omit<RunOptions<unknown>, "result">;
}

async function valuesComeBack({ sluice, deno, here }: Stage): Promise<void> {
  const sample = [...HOSTILE, ...fc.sample(anyJson, 300)];
  const keywords = { named: "by ⌘", "odd name": [1] };
  const fromPython = await sluice.run(python("echo"), sample, { ...here, keywords });
  assert.deepEqual(fromPython, [sample, keywords]);
  const echo = tsFunction({ text: TYPESCRIPT, name: "echo", interpreter: [deno, "run", "-A"] });
  assert.deepEqual(await sluice.run(echo, sample, here), sample);
  assert.equal(await sluice.run(python("odd name.⌘"), [], here), "tides");
}

async function typesAreInferred({ sluice, deno, here }: Stage): Promise<void> {
  const divide = tsFunction<Divide>({
    text: TYPESCRIPT,
    fileName: "di vide.ts",
    name: "divide",
    interpreter: [deno, "run", "-A"],
  });
  const { quotient } = await sluice.run(divide, [7, 2], here);
  assert.equal(quotient, 3.5);
  const raised = await failure(sluice.run(divide, [1, 0], here), RemoteFunctionError);
  assert.deepEqual(
    [raised.code, raised.remoteType, raised.remoteMessage, raised.exitCode],
    ["REMOTE_EXCEPTION", "RangeError", "by zero", 93],
  );
  assert.match(raised.traceback, /at divide \(.*di vide\.ts:5/);

  const checked: string = await sluice.run(python("fork"), [], { ...here, result: z.string() });
  assert.equal(checked, "the parent");
  const mismatch = await failure(
    sluice.run(python("fork"), [], { ...here, result: z.object({ sum: z.number() }) }),
    ResultMismatchError,
  );
  assert.equal(mismatch.value, "the parent");
}

async function troublesAreTold({ sluice, deno, here }: Stage): Promise<void> {
  const ts = (name: string) =>
    tsFunction({ text: TYPESCRIPT, name, interpreter: [deno, "run", "-A"] });
  const call = (
    called: RemoteFunction<JsonValue[], JsonValue>,
    words: JsonValue[],
    more: Partial<RunOptions<JsonValue>> = {},
  ) => sluice.run(called, words, { ...here, ...more });
  type Expected = [Promise<unknown>, abstract new (...words: never[]) => FunctionError, number];
  const expected: Expected[] = [
    [call(python("leave"), [0]), NoResultError, 0],
    [call(python("leave"), [3]), NoResultError, 3],
    [call(python("vanish"), [93]), NoResultError, 93],
    [call(ts("leave"), [0]), NoResultError, 0],
    [call(python("not_json"), []), ResultNotJsonError, 94],
    [call(ts("notJson"), []), ResultNotJsonError, 94],
    [call(python("nothing"), []), FunctionMissingError, 92],
    [call(pythonFunction({ text: "import nowhere\n", name: "f" }), []), FunctionImportError, 91],
    [call(pythonFunction({ path: "/nonexistent/m.py", name: "f" }), []), FunctionImportError, 91],
    [call(python("fork", { interpreter: ["no-python"] }), []), FunctionInterpreterError, 90],
    [
      call(python("fork"), [], { software: { kind: "venv", path: "/nonexistent" } }),
      FunctionEnvironmentError,
      84,
    ],
    [
      call(python("fork", { script: "#!/bin/sh\n{task.fn} && exit 4\n" }), []),
      FunctionJobFailedError,
      4,
    ],
  ];
  await Promise.all(expected.map(async ([call, kind, exitCode]) => {
    const error = await failure(call, kind);
    assert.equal(error.exitCode, exitCode, error.message);
    assert.notEqual(error.next, "");
    assert.equal((await sluice.jobs.get(error.jobId)).id, error.jobId);
  }));
  const raised = await failure(call(python("outer"), ["⌘"]), RemoteFunctionError);
  assert.deepEqual(
    [raised.remoteType, raised.remoteMessage, raised.exitCode],
    ["ValueError", "no ⌘", 93],
  );
  assert.match(raised.traceback, /tides\.py", line \d+, in outer[\s\S]*in inner[\s\S]*ValueError/);
  const { returned } = await sluice.jobs.result((await ended(sluice, raised)).id);
  assert.deepEqual(returned, {
    kind: "exception",
    stage: "call",
    type: raised.remoteType,
    message: raised.remoteMessage,
    traceback: raised.traceback,
  });
}

/** The job of a call once it has ended. */
function ended(sluice: Sluice, { jobId }: FunctionError) {
  return sluice.jobs.wait(jobId);
}

async function outputIsTheFunctions({ sluice, here }: Stage): Promise<void> {
  const script = "#!/bin/bash\nset -eu\necho before\n{task.fn} | tail -n 1\necho '{{task.fn}}'\n";
  const labels = { test: "output" };
  assert.equal(await sluice.run(python("shout", { script }), [], { ...here, labels }), "done");
  const [job] = (await sluice.jobs.list({ labels })).jobs;
  assert.ok(job !== undefined);
  let text = "";
  const decoder = new TextDecoder();
  for await (const { bytes } of sluice.jobs.logs({ jobId: job.id })) text += decoder.decode(bytes);
  assert.equal(text, "before\n999999\n{task.fn}\n");
}

async function anAbortCancels({ sluice, here }: Stage): Promise<void> {
  const controller = new AbortController();
  const labels = { test: "abort" };
  const call = sluice.run(python("wait"), [], { ...here, labels, signal: controller.signal });
  const failed = failure(call, FunctionCancelledError);
  await until("the function runs", async () => {
    const [job] = (await sluice.jobs.list({ labels })).jobs;
    return job?.phase === "running";
  });
  controller.abort(new Error("enough"));
  const error = await failed;
  assert.deepEqual(error.cause, new Error("enough"));
  assert.equal((await ended(sluice, error)).phase, "cancelled");
}

async function tasksReturnEach({ sluice, here }: Stage): Promise<void> {
  const payload = {
    kind: "function",
    language: "python",
    module: { text: PYTHON },
    name: "task",
  } as const;
  const { id } = await sluice.jobs.submit({
    ...here,
    payload,
    resources: { ...RESOURCES, array: "3,5" },
  });
  const early = await sluice.jobs.returned(id, { task: 5 });
  assert.deepEqual(early.returned, { kind: "value", value: 5 });
  await sluice.jobs.wait(id);
  const result = await sluice.jobs.result(id, { task: 3 });
  assert.deepEqual([result.phase, result.returned], ["succeeded", { kind: "value", value: 3 }]);
  assert.equal((await sluice.jobs.result(id)).returned, undefined);
  await assert.rejects(sluice.jobs.returned(id), { code: "TASK_NOT_FOUND" });
}

async function theClientCallsToo({ sluice, here }: Stage): Promise<void> {
  const { server, client } = serveOnFreePort(sluice);
  await using _ = server;
  const options = { ...here, session: String(here.session), cluster: String(here.cluster) };
  const value = await runFunction(client, python("echo"), HOSTILE, options);
  assert.deepEqual(value, [HOSTILE, {}]);
  const raised = await failure(
    runFunction(client, python("outer"), ["x"], options),
    RemoteFunctionError,
  );
  assert.equal(raised.remoteMessage, "no x");
  const job = await client.jobs.wait.query({ id: raised.jobId });
  const { returned } = await client.jobs.result.query({ id: job.id });
  assert.equal(returned?.kind, "exception");
}

async function aLargeResultIsNamed({ sluice, here }: Stage): Promise<void> {
  const labels = { test: "large" };
  const call = sluice.run(python("large"), [64 * 1024 * 1024], { ...here, labels });
  await assert.rejects(call, { code: "RESULT_TOO_LARGE", next: /\/jobs\/[^/]+\/result\b/ });
}

Deno.test("functions of Python and TypeScript run as jobs, and the call says what became of them", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open({ poll: { minSeconds: 0.5, maxSeconds: 1 } });
  await using session = await sluice.sessions.hold({
    cluster: DEV,
    resources: { nodes: 1, cpusPerTask: 6, memory: 6000, time: 10 },
  });
  const stage: Stage = {
    sluice,
    deno: await denoOnNodes(),
    here: { cluster: DEV, session: session.id, resources: RESOURCES },
  };
  await Promise.all([
    valuesComeBack,
    typesAreInferred,
    troublesAreTold,
    outputIsTheFunctions,
    anAbortCancels,
    tasksReturnEach,
    theClientCallsToo,
    aLargeResultIsNamed,
  ].map((part) => part(stage)));
});

Deno.test("a function is the payload of a job and of a component, with files of its own on the cluster", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open({ poll: { minSeconds: 0.5, maxSeconds: 1 } });
  const module = workspace.file("it's a module.py");
  await onCluster(["tee", module.path], { stdin: PYTHON });
  const payload: JobSpecInput["payload"] = {
    kind: "function",
    language: "python",
    module: { path: module.path },
    name: "echo",
    arguments: [1],
  };
  const component = await sluice.jobs.submit({
    cluster: DEV,
    payload: { kind: "command", command: ["true"] },
    resources: RESOURCES,
    components: [{ payload, resources: RESOURCES }],
  });
  const alone = await sluice.run(
    pythonFunction({ path: module.path, name: "odd name.⌘" }),
    [],
    { cluster: DEV, resources: RESOURCES },
  );
  assert.equal(alone, module.path.replace(/^.*\//, "").replace(/\.py$/, ""));
  await sluice.jobs.wait(component.id);
  const { returned } = await sluice.jobs.result(component.id, { task: 1 });
  assert.deepEqual(returned, { kind: "value", value: [[1], {}] });
  await assert.rejects(sluice.jobs.returned(component.id, { task: 0 }), {
    code: "FUNCTION_NOT_FOUND",
  });
});
