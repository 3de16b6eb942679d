import assert from "node:assert/strict";
import fc from "fast-check";
import type { JsonValue } from "../model/mod.ts";
import { CallPlace } from "./testing/run_function.ts";
import type { Called, FunctionInput } from "./testing/run_function.ts";

const python = (text: string, name: string, rest: Partial<FunctionInput> = {}): FunctionInput => ({
  language: "python",
  module: { text },
  name,
  ...rest,
});

const typescript = (
  text: string,
  name: string,
  rest: Partial<FunctionInput> = {},
): FunctionInput => ({ language: "typescript", module: { text }, name, ...rest });

/** Runs one call in a place of its own. */
async function called(
  payload: FunctionInput,
  ...rest: Parameters<CallPlace["call"]> extends [unknown, ...infer Rest] ? Rest : never
): Promise<Called> {
  await using place = await CallPlace.make();
  return await place.call(payload, ...rest);
}

/** What a call that must go well returned. */
function value({ returned, code, stderr }: Called): JsonValue {
  assert.equal(code, 0, stderr);
  assert.ok(returned?.kind === "value", JSON.stringify(returned));
  return returned.value;
}

/** How a call failed: its exit status, how far it came, and the exception. */
function failure({ returned, code }: Called): [number, string, string, string] {
  assert.ok(returned?.kind === "exception", JSON.stringify(returned));
  return [code, returned.stage, returned.type, returned.message];
}

/** Values as JSON.parse makes them; a zero has no sign in JSON.stringify. */
const anyJson = fc.jsonValue({ noUnicodeString: false, maxDepth: 6 }).map((any): JsonValue =>
  JSON.parse(JSON.stringify(any))
);

const HOSTILE: JsonValue[] = [
  "\ud800 and \udfff",
  "\0\u0001\u2028\u2029\ufeff\r\n\t\"'\\`$(id)",
  { "__proto__": 1, "": 2, "\udc00": [], "a\0b": {} },
  JSON.parse('{"__proto__": {"constructor": 1}}'),
  [2 ** 53, 2 ** 53 - 1, -(2 ** 53), 2 ** 60, 1e20, 1e21, Number.MAX_VALUE, 5e-324, 0.1 + 0.2],
  JSON.parse("[".repeat(400) + "]".repeat(400)),
  "é".repeat(100_000),
];

Deno.test("any JSON value comes back from Python and TypeScript as it went", async () => {
  const sample = [...HOSTILE, ...fc.sample(anyJson, 300)];
  for (
    const payload of [
      python("def echo(*values, **named): return [values, named]\n", "echo", {
        keywords: { named: "by ⌘", "odd name": [1] },
      }),
      typescript("export const echo = (...values: unknown[]) => [values, {}];\n", "echo"),
    ]
  ) {
    const expected = [sample, payload.keywords ?? {}];
    const found = value(await called({ ...payload, arguments: sample }));
    assert.equal(JSON.stringify(found), JSON.stringify(expected));
    assert.deepEqual(found, expected);
  }
});

Deno.test("a Python module has its own name and its neighbours, and is not the main program", async () => {
  await using place = await CallPlace.make();
  await place.write("lib/neighbour.py", "VALUE = 'beside'\n");
  await place.write("pack/__init__.py", "");
  await place.write("pack/sub/__init__.py", "");
  await place.write("pack/sub/near.py", "VALUE = 'near'\n");
  const text = (name: string) =>
    `import pickle, sys\n${name}\ndef f(): return [__name__, VALUE, sys.argv[0] == __file__]\n` +
    "def again(): return pickle.loads(pickle.dumps(f))()\n" +
    "if __name__ == '__main__': raise RuntimeError('the guard')\n";
  const cases: [string, string, string][] = [
    ["lib/it's 2 fit.py", "from neighbour import VALUE", "it's 2 fit"],
    ["pack/sub/mod.py", "from .near import VALUE", "pack.sub.mod"],
  ];
  for (const [file, line, name] of cases) {
    const path = await place.write(file, text(line));
    for (const fn of ["f", "again"]) {
      const payload: FunctionInput = { language: "python", module: { path }, name: fn };
      assert.deepEqual(value(await place.call(payload)), [
        name,
        file.startsWith("lib") ? "beside" : "near",
        true,
      ]);
    }
  }
  const relative = await place.call(
    { language: "python", module: { path: "lib/it's 2 fit.py" }, name: "f" },
    { workingDirectory: place.directory },
  );
  assert.deepEqual(value(relative), ["it's 2 fit", "beside", true]);
});

Deno.test("functions are found by odd and dotted names, and asynchronous ones are awaited", async () => {
  const module = `
class Model:
    @staticmethod
    async def fit(n): return n + 1
globals()["odd name.é"] = lambda: "odd"
def generator():
    import asyncio
    return asyncio.get_event_loop_policy() and Model.fit(3)
`;
  await using place = await CallPlace.make();
  const file = { module: { text: module, file: "it's é #1%20.py" } };
  assert.equal(
    value(await place.call({ ...python("", "Model.fit", { arguments: [1] }), ...file })),
    2,
  );
  assert.equal(value(await place.call({ ...python("", "odd name.é"), ...file })), "odd");
  assert.equal(value(await place.call({ ...python("", "generator"), ...file })), 4);
  const ts = `
export default async (n: number) => n * 2;
const odd = (): string => "odd";
export { odd as "odd name.é" };
export async function none() {}
export const where = () => import.meta.url.split("/").at(-1);
export const absent = () => ({ a: undefined, b: 1 });
`;
  const tsFile = { module: { text: ts, file: "it's é #1%20?.ts" } };
  assert.equal(
    value(await place.call({ ...typescript("", "default"), ...tsFile, arguments: [2] })),
    4,
  );
  assert.equal(value(await place.call({ ...typescript("", "odd name.é"), ...tsFile })), "odd");
  assert.equal(value(await place.call({ ...typescript("", "none"), ...tsFile })), null);
  assert.deepEqual(value(await place.call({ ...typescript("", "absent"), ...tsFile })), { b: 1 });
  const path = await place.write("dir ?/mod é #.ts", ts.replace("absent", "absent2"));
  const byPath = await place.call({ language: "typescript", module: { path }, name: "absent2" });
  assert.deepEqual(value(byPath), { b: 1 });
});

Deno.test("a module of TypeScript on the cluster is imported as in its project", async () => {
  await using place = await CallPlace.make();
  const deno = await place.write("bin/deno", `#!/bin/sh\nexec '${Deno.execPath()}' "$@"\n`);
  await Deno.chmod(deno, 0o700);
  await place.write("it's mine/deno.json", '{ "imports": { "#near": "./lib/near.ts" } }');
  await place.write("it's mine/lib/near.ts", "export const near = 1;\n");
  const path = await place.write(
    "it's mine/src/mod.ts",
    'import { near } from "#near";\nexport const f = () => near;\n',
  );
  const payload: FunctionInput = {
    language: "typescript",
    module: { path },
    name: "f",
    interpreter: undefined,
  };
  const environment = { PATH: `${place.directory}/bin:/usr/bin:/bin` };
  assert.equal(value(await place.call(payload, { environment })), 1);
});

Deno.test("what goes wrong in Python has a status of its own and says where it came from", async () => {
  await using place = await CallPlace.make();
  const fail = `
def deep(x):
    raise ValueError("not %s \\ud800" % x)
def f(x):
    try:
        deep(x)
    except ValueError as error:
        raise KeyError("outer") from error
class Odd(Exception):
    def __str__(self): raise RuntimeError()
def odd(): raise Odd()
def cancelled():
    import asyncio
    raise asyncio.CancelledError()
notcallable = 3
`;
  const raised = await place.call(python(fail, "f", { arguments: ["é"] }));
  assert.deepEqual(failure(raised), [93, "call", "KeyError", "'outer'"]);
  assert.ok(raised.returned?.kind === "exception");
  const { traceback } = raised.returned;
  assert.match(traceback, /line 3, in deep/);
  assert.match(traceback, /ValueError: not é/);
  assert.match(traceback, /direct cause[\s\S]*in f\n/);
  assert.doesNotMatch(traceback, /function_runner/);
  assert.match(raised.stderr, /KeyError: 'outer'/);
  assert.deepEqual(failure(await place.call(python(fail, "odd"))).slice(0, 2), [93, "call"]);
  assert.deepEqual(failure(await place.call(python(fail, "cancelled"))).slice(0, 2), [93, "call"]);
  assert.deepEqual(failure(await place.call(python(fail, "f"))).slice(0, 3), [
    93,
    "call",
    "TypeError",
  ]);

  assert.deepEqual(failure(await place.call(python("import nowhere\n", "f"))), [
    91,
    "import",
    "ModuleNotFoundError",
    "No module named 'nowhere'",
  ]);
  const syntax = failure(await place.call(python("def f(:\n", "f")));
  assert.deepEqual(syntax.slice(0, 3), [91, "import", "SyntaxError"]);
  const gone: FunctionInput = {
    language: "python",
    module: { path: "/nonexistent/m.py" },
    name: "f",
  };
  assert.deepEqual(failure(await place.call(gone)).slice(0, 3), [
    91,
    "import",
    "FileNotFoundError",
  ]);

  assert.deepEqual(failure(await place.call(python(fail, "nothing"))).slice(0, 2), [92, "name"]);
  assert.deepEqual(failure(await place.call(python(fail, "f.nothing"))).slice(0, 2), [92, "name"]);
  assert.deepEqual(failure(await place.call(python(fail, "notcallable"))).slice(0, 2), [
    92,
    "name",
  ]);
});

Deno.test("what JSON cannot say is refused by its place in the result", async () => {
  await using place = await CallPlace.make();
  const cases: [string, RegExp][] = [
    ["{'a': [1, {2}]}", /^the result\["a"\]\[1\] is of the type set$/],
    ["float('nan')", /^the result is nan$/],
    ["[float('-inf')]", /^the result\[0\] is -inf$/],
    ["{'a': {1: 2}}", /^the result\["a"\] is a dict with a key of the type int$/],
    ["{None: 2}", /a key of the type NoneType/],
    ["[2 ** 53 + 1]", /^the result\[0\] is an integer that JavaScript does not have exactly$/],
    ["10 ** 400", /an integer that JavaScript/],
    ["loop()", /deeply/],
    ["deep()", /recursion|deeply/],
    ["b'bytes'", /of the type bytes/],
  ];
  const text = [
    "def loop():",
    "  a = []; a.append(a); return a",
    "def deep():",
    "  a = []",
    "  for _ in range(200000): a = [a]",
    "  return a",
    ...cases.map(([code], index) => `def f${index}(): return ${code}`),
    "def fine(): return (True, [], (1, 2 ** 60), -0.0)",
  ].join("\n");
  for (const [index, [code, message]] of cases.entries()) {
    const [status, stage, , found] = failure(await place.call(python(text, `f${index}`)));
    assert.deepEqual([status, stage], [94, "result"], code);
    assert.match(found, message, code);
  }
  assert.deepEqual(value(await place.call(python(text, "fine"))), [true, [], [1, 2 ** 60], -0]);

  const ts: [string, RegExp][] = [
    ["({ a: [1, 2n] })", /^the result\["a"\]\[1\] is of the type bigint$/],
    ["[NaN]", /^the result\[0\] is NaN$/],
    ["new Date()", /of the class Date/],
    ["[undefined]", /type undefined/],
    ["loop()", /within itself/],
  ];
  const tsText = [
    "const loop = () => { const a: unknown[] = []; a.push(a); return a; };",
    ...ts.map(([code], index) => `export const f${index} = () => ${code};`),
  ].join("\n");
  for (const [index, [code, message]] of ts.entries()) {
    const [status, stage, , found] = failure(await place.call(typescript(tsText, `f${index}`)));
    assert.deepEqual([status, stage], [94, "result"], code);
    assert.match(found, message, code);
  }
});

Deno.test("what goes wrong in TypeScript has the same statuses", async () => {
  await using place = await CallPlace.make();
  const text = `
export async function f(x: string) {
  await Promise.resolve();
  throw new RangeError("not " + x, { cause: new Error("inner") });
}
export const text = () => { throw "plain"; };
export const three = 3;
export const leave = () => Deno.exit(7);
`;
  const raised = await place.call(typescript(text, "f", { arguments: ["é"] }));
  assert.deepEqual(failure(raised), [93, "call", "RangeError", "not é"]);
  assert.ok(raised.returned?.kind === "exception");
  assert.match(raised.returned.traceback, /at f \(.*module\.ts:4[\s\S]*Caused by: Error: inner/);
  assert.doesNotMatch(raised.returned.traceback, /function_runner/);
  assert.deepEqual(failure(await place.call(typescript(text, "text"))), [
    93,
    "call",
    "string",
    "plain",
  ]);
  assert.deepEqual(failure(await place.call(typescript("import './no.ts';", "f"))).slice(0, 2), [
    91,
    "import",
  ]);
  assert.deepEqual(failure(await place.call(typescript("export const = 3", "f"))).slice(0, 2), [
    91,
    "import",
  ]);
  for (const name of ["nothing", "three", "toString"]) {
    assert.deepEqual(failure(await place.call(typescript(text, name))).slice(0, 2), [92, "name"]);
  }
  const left = await place.call(typescript(text, "leave"));
  assert.deepEqual([left.code, left.returned], [7, undefined]);
});

Deno.test("a function that exits, forks, prints or leaves threads does so as any program", async () => {
  await using place = await CallPlace.make();
  const text = `
import os, sys, threading, time, subprocess, multiprocessing
def leave(code): sys.exit(code)
def vanish(code): os._exit(code)
def fork():
    if os.fork() == 0: return "the child"
    os.wait()
    return "the parent"
def fork_raise():
    if os.fork() == 0: raise ValueError("the child")
    os.wait()
    return "the parent"
def spawn():
    with multiprocessing.get_context("spawn").Pool(1) as pool: return pool.map(square, [3])
def square(x): return x * x
def shout():
    for i in range(1000000): print(i)
    sys.stderr.write("x" * 1000000)
    return "done"
def thread():
    threading.Thread(target=lambda: (time.sleep(0.2), open("thread", "w").close())).start()
    return "started"
def child():
    subprocess.Popen(["sleep", "5"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return "started"
def mess():
    os.chdir("/"); sys.stdout.close(); sys.stderr.close(); os.environ.clear()
    return "a mess"
def late():
    import atexit
    atexit.register(os._exit, 5)
    return "returned"
`;
  const call = (name: string, ...words: JsonValue[]) =>
    place.call(python(text, name, { arguments: words }));
  for (const code of [0, 3, 93]) {
    for (const name of ["leave", "vanish"]) {
      const left = await call(name, code);
      assert.deepEqual([left.code, left.returned], [code, undefined], `${name}(${code})`);
    }
  }
  assert.equal(value(await call("fork")), "the parent");
  assert.equal(value(await call("fork_raise")), "the parent");
  assert.deepEqual(value(await call("spawn")), [9]);
  const loud = await call("shout");
  assert.equal(value(loud), "done");
  assert.equal(loud.stdout.split("\n").length, 1_000_001);
  assert.equal(loud.stderr.length, 1_000_000);
  assert.equal(value(await call("thread")), "started");
  assert.equal(value(await call("child")), "started");
  assert.equal(value(await call("mess")), "a mess");
  const late = await call("late");
  assert.deepEqual([late.code, late.returned], [5, { kind: "value", value: "returned" }]);
});

Deno.test("an interpreter that is missing or too old is told apart from all else", async () => {
  await using place = await CallPlace.make();
  const missing = await place.call(
    python("def f(): pass", "f", { interpreter: ["it's no/python"] }),
  );
  assert.deepEqual(failure(missing).slice(0, 3), [90, "interpreter", "InterpreterNotFound"]);
  assert.match(missing.stderr, /^sluice: there is no it's no\/python here/);
  for (const interpreter of ["/", "/etc/passwd"]) {
    const unusable = await place.call(
      python("def f(): pass", "f", { interpreter: [interpreter] }),
    );
    assert.deepEqual(failure(unusable).slice(0, 3), [90, "interpreter", "InterpreterNotFound"]);
  }
  const text = "import sys\ndef f(): return [sys.flags.optimize, sys.flags.no_site]";
  const own = await place.call(python(text, "f", { interpreter: ["python3", "-O", "-O"] }));
  assert.deepEqual(value(own), [2, 0]);
  const usual = await place.call(python(text, "f", { interpreter: undefined }));
  assert.deepEqual(value(usual), [0, 0]);
  const old = "import sys; sys.version_info = (3, 5, 2); sys.argv.pop(0); " +
    "import runpy; runpy.run_path(sys.argv[0], run_name='__main__')";
  const tooOld = await place.call(
    python("def f(): pass", "f", { interpreter: ["python3", "-c", old] }),
  );
  assert.deepEqual(failure(tooOld).slice(0, 3), [90, "interpreter", "InterpreterTooOld"]);
});

Deno.test("{task.fn} in a script stands for the call", async () => {
  await using place = await CallPlace.make();
  const script = `#!/bin/bash
set -eu
echo before '{{task.fn}}' "$GREETING"
cd / && {task.fn} | tr a-z A-Z
sh -c 'true && {task.fn}' >/dev/null
echo after
exit 4
`;
  const ran = await place.call(
    python("import os\ndef f(x):\n  print(x)\n  return os.environ['GREETING']\n", "f", {
      arguments: ["printed"],
      script,
    }),
    { environment: { GREETING: "it's\n$HOME" } },
  );
  assert.deepEqual(ran, {
    code: 4,
    returned: { kind: "value", value: "it's\n$HOME" },
    stdout: "before {task.fn} it's\n$HOME\nPRINTED\nafter\n",
    stderr: "",
  });
  await assert.rejects(
    place.call(python("", "f", { script: "#!/usr/bin/python3\n{task.fn}\n" })),
    { code: "SCRIPT_NOT_SHELL" },
  );
  await assert.rejects(
    place.call(python("", "f", { script: "#!/bin/sh\n{{task.fn}}\n" })),
    /never calls the function/,
  );
});

Deno.test("of several that srun starts the first leaves the result", async () => {
  const second = await called(
    python("def f(): return 1", "f"),
    {},
    { SLURM_PROCID: "1" },
  );
  assert.deepEqual([second.code, second.returned], [0, undefined]);
});
