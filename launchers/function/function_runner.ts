/**
 * Calls one function on a node and leaves what it returned or threw as JSON. It is sent as text, and started by
 * Deno as `function_runner.ts CALL RESULT`.
 *
 * @module
 */

type Module = { readonly path: string } | { readonly text: string; readonly file: string };

interface Call {
  readonly module: Module;
  readonly name: string;
  readonly arguments: readonly unknown[];
}

type Stage = "interpreter" | "import" | "name" | "call" | "result";

const EXIT_CODES: Readonly<Record<Stage, number>> = {
  interpreter: 90,
  import: 91,
  name: 92,
  call: 93,
  result: 94,
};

/** The first version of Deno with all that is used here. */
const LEAST_DENO = 2;
/** What people are shown of an exception is cut there. */
const LONGEST_TEXT = 100_000;
/** Deeper values are not looked through. */
const DEEPEST = 10_000;

const [callFile = "", resultFile = ""] = Deno.args;

/** Writes a file so that it is there whole or not at all. */
function write(path: string, text: string): void {
  const slash = path.lastIndexOf("/") + 1;
  const temporary = `${path.slice(0, slash)}.${path.slice(slash)}.${Deno.pid}.${Date.now()}`;
  try {
    Deno.writeTextFileSync(temporary, text);
    Deno.renameSync(temporary, path);
  } catch (error) {
    try {
      Deno.removeSync(temporary);
    } catch {
      // The first error is the one to tell.
    }
    throw error;
  }
}

/** Leaves the outcome, where srun has started several by the first of them. */
function leave(outcome: string): void {
  if ((Deno.env.get("SLURM_PROCID") ?? "0") === "0") write(resultFile, outcome);
}

function fail(stage: Stage, type: string, message: string, traceback = ""): never {
  leave(JSON.stringify({
    exception: {
      stage,
      type,
      message: message.slice(0, LONGEST_TEXT),
      traceback: traceback.slice(0, LONGEST_TEXT),
    },
  }));
  console.error(traceback || `sluice: ${message}`);
  Deno.exit(EXIT_CODES[stage]);
}

/** Where an error came from, without what called the function. */
function stackOf(error: Error): string {
  const lines = (error.stack ?? String(error)).split("\n");
  return lines.filter((line) => !/^ {4}at .*\/function_runner\.ts:/.test(line)).join("\n");
}

/** Deno's own words without the colours that it gives them. */
function plain(text: string): string {
  // deno-fmt-ignore
  return text.replaceAll(/\p{Cc}\[[0-9;]*m/gu, "");
}

function failWith(stage: Stage, error: unknown): never {
  if (!(error instanceof Error)) fail(stage, typeof error, String(error), Deno.inspect(error));
  const stacks: string[] = [];
  for (let one: unknown = error; one !== undefined && stacks.length < 20;) {
    stacks.push(one instanceof Error ? stackOf(one) : Deno.inspect(one));
    one = one instanceof Error ? one.cause : undefined;
  }
  const shown = stage === "import" ? plain : (text: string) => text;
  fail(stage, error.name, shown(error.message), shown(stacks.join("\nCaused by: ")));
}

/** Path of the module, which is written where it came as text. */
function pathOf(module: Module): string {
  if ("path" in module) {
    const { path } = module;
    if (path.startsWith("~/")) return `${Deno.env.get("HOME") ?? ""}${path.slice(1)}`;
    return path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
  }
  const directory = `${callFile.slice(0, callFile.lastIndexOf("/"))}/module`;
  Deno.mkdirSync(directory, { recursive: true });
  const path = `${directory}/${module.file}`;
  // The tasks of an array write the same at the same time.
  write(path, module.text);
  return path;
}

/** Why JSON cannot say the value; undefined where it can. A property without a value counts as absent. */
function trouble(result: unknown): string | undefined {
  const open: { value: unknown; path: string; depth: number }[] = [
    { value: result, path: "the result", depth: 0 },
  ];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const { value, path, depth } = place;
    const put = (key: string | number, item: unknown) =>
      open.push({
        value: item,
        path: depth < 20 ? `${path}[${JSON.stringify(key)}]` : path,
        depth: depth + 1,
      });
    switch (typeof value) {
      case "string":
      case "boolean":
        continue;
      case "number":
        if (Number.isFinite(value)) continue;
        return `${path} is ${value}`;
      case "object": {
        if (value === null) continue;
        if (depth > DEEPEST) return `${path} is nested too deeply, or within itself`;
        if (Array.isArray(value)) {
          for (let index = 0; index < value.length; index++) put(index, value[index]);
          continue;
        }
        const prototype = Object.getPrototypeOf(value);
        if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
          return `${path} is an object of the class ${value.constructor?.name}`;
        }
        for (const [key, item] of Object.entries(value)) if (item !== undefined) put(key, item);
        continue;
      }
      case "undefined":
      case "bigint":
      case "function":
      case "symbol":
        return `${path} is of the type ${typeof value}`;
    }
  }
  return undefined;
}

function textOf(value: unknown): string {
  const found = trouble(value);
  if (found !== undefined) fail("result", "TypeError", found);
  try {
    return JSON.stringify(value);
  } catch (error) {
    failWith("result", error);
  }
}

if (Number.parseInt(Deno.version.deno) < LEAST_DENO) {
  const message = `${Deno.execPath()} is Deno ${Deno.version.deno}, and ${LEAST_DENO}.0 is needed`;
  fail("interpreter", "InterpreterTooOld", message);
}
const call: Call = JSON.parse(Deno.readTextFileSync(callFile));
const path = pathOf(call.module);
let namespace: Readonly<Record<string, unknown>>;
try {
  namespace = await import(`file://${path.split("/").map(encodeURIComponent).join("/")}`);
} catch (error) {
  failWith("import", error);
}
const { name } = call;
if (!Object.hasOwn(namespace, name)) {
  fail("name", "ReferenceError", `${path} has no export ${JSON.stringify(name)}`);
}
const called = namespace[name];
if (typeof called !== "function") {
  fail("name", "TypeError", `${JSON.stringify(name)} of ${path} is no function`);
}
let value: unknown;
try {
  value = await called(...call.arguments);
} catch (error) {
  failWith("call", error);
}
// A function without a value is as one in Python.
leave(`{"value":${textOf(value ?? null)}}\n`);
