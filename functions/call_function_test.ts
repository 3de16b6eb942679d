import assert from "node:assert/strict";
import { z } from "zod";
import { jobIdSchema, jobSpecSchema } from "../model/mod.ts";
import type { FunctionEnd, FunctionStage, JobSpecInput, JsonValue } from "../model/mod.ts";
import { callFunction, pythonFunction, tsFunction } from "./mod.ts";
import type { FunctionCaller, RunOptions } from "./mod.ts";

const id = jobIdSchema.parse("01890a5d-ac96-774b-bcce-b302099a8057");
const HERE: Omit<RunOptions<unknown>, "result"> = { cluster: "here" };
const fit = pythonFunction({ path: "/lib/fit.py", name: "fit" });

/** A way to a Sluice whose function ends so. */
class Caller implements FunctionCaller {
  readonly submitted: JobSpecInput[] = [];
  cancelled = 0;

  constructor(readonly end: Partial<FunctionEnd> | "never") {}

  submit(spec: JobSpecInput) {
    this.submitted.push(spec);
    return Promise.resolve({ id });
  }

  returned(_: string, signal: AbortSignal | undefined): Promise<FunctionEnd> {
    const { end } = this;
    if (end !== "never") return Promise.resolve({ id, phase: "succeeded", ...end });
    return new Promise((_, reject) =>
      signal?.addEventListener("abort", () => reject(signal.reason))
    );
  }

  cancel() {
    this.cancelled++;
    return Promise.resolve();
  }

  readFile(path: string) {
    return path === "src/fit.py"
      ? Promise.resolve("def fit(): pass\n")
      : Promise.reject(new Error("no such file"));
  }
}

const value = (value: JsonValue) => ({ kind: "value", value }) as const;
const exception = (stage: FunctionStage) =>
  ({ kind: "exception", stage, type: "E", message: "m", traceback: "t" }) as const;

Deno.test("a call is a job with a function for its payload, and gives the value", async () => {
  const caller = new Caller({ phase: "running", exitCode: 0, returned: value([3]) });
  const module = pythonFunction({
    file: "src/fit.py",
    name: "fit",
    interpreter: ["python3", "-O"],
    script: "#!/bin/sh\n{task.fn}\n",
  });
  const options = { ...HERE, keywords: { rate: 1 }, labels: { a: "b" } };
  assert.deepEqual(await callFunction(caller, module, [1, "é"], options), [3]);
  assert.deepEqual(caller.submitted, [{
    cluster: "here",
    labels: { a: "b" },
    payload: {
      kind: "function",
      language: "python",
      module: { text: "def fit(): pass\n", file: "fit.py" },
      name: "fit",
      arguments: [1, "é"],
      keywords: { rate: 1 },
      interpreter: ["python3", "-O"],
      script: "#!/bin/sh\n{task.fn}\n",
    },
  }]);
  assert.ok(jobSpecSchema.safeParse(caller.submitted[0]).success);
});

Deno.test("each way in which there is no value has an error of its own", async () => {
  const ends: [Partial<FunctionEnd>, string][] = [
    [{ phase: "cancelled", returned: value(1) }, "FUNCTION_CANCELLED"],
    [{ phase: "timed_out" }, "FUNCTION_TIMED_OUT"],
    [
      { phase: "failed", error: { code: "C", message: "m", next: "n", retryable: false } },
      "FUNCTION_NOT_RUN",
    ],
    [{ phase: "failed", exitCode: 84 }, "FUNCTION_ENVIRONMENT"],
    [{ phase: "failed", exitCode: 3 }, "NO_RESULT"],
    [{ phase: "succeeded", exitCode: 0 }, "NO_RESULT"],
    [{ phase: "failed", signal: 9 }, "NO_RESULT"],
    [{ phase: "failed", exitCode: 90, returned: exception("interpreter") }, "FUNCTION_INTERPRETER"],
    [{ phase: "failed", exitCode: 91, returned: exception("import") }, "FUNCTION_IMPORT"],
    [{ phase: "failed", exitCode: 92, returned: exception("name") }, "FUNCTION_MISSING"],
    [{ phase: "failed", exitCode: 93, returned: exception("call") }, "REMOTE_EXCEPTION"],
    [{ phase: "succeeded", exitCode: 0, returned: exception("call") }, "REMOTE_EXCEPTION"],
    [{ phase: "failed", exitCode: 94, returned: exception("result") }, "RESULT_NOT_JSON"],
    [{ phase: "failed", exitCode: 4, returned: value(1) }, "FUNCTION_JOB_FAILED"],
  ];
  for (const [end, code] of ends) {
    const call = callFunction(new Caller(end), fit, [], HERE);
    await assert.rejects(call, { code, jobId: id, exitCode: end.exitCode }, JSON.stringify(end));
  }
});

Deno.test("a schema of the caller's checks the value and gives it its type", async () => {
  const returned = { returned: value({ sum: "3" }) };
  const sum = z.object({ sum: z.coerce.number() });
  const checked: { sum: number } = await callFunction(new Caller(returned), fit, [], {
    ...HERE,
    result: sum,
  });
  assert.deepEqual(checked, { sum: 3 });
  await assert.rejects(
    callFunction(new Caller(returned), fit, [], {
      ...HERE,
      result: z.object({ sum: z.array(z.string()) }),
    }),
    { code: "RESULT_MISMATCH", message: /sum: .*expected array/, value: { sum: "3" } },
  );
});

Deno.test("a function of TypeScript has the types of the one that it is, awaited", async () => {
  type Fit = (x: number, rest?: string) => Promise<{ slope: number }>;
  const typed = tsFunction<Fit>({ path: "/lib/fit.ts", name: "fit" });
  const caller = new Caller({ returned: value({ slope: 2 }) });
  const fitted = await callFunction(caller, typed, [1], HERE);
  const slope: number = fitted.slope;
  assert.equal(slope, 2);
  // @ts-expect-error: its argument is a number
  await callFunction(caller, typed, ["1"], HERE);
  const none: null = await callFunction(
    new Caller({ returned: value(null) }),
    tsFunction<() => void>({ path: "/lib/fit.ts", name: "none" }),
    [],
    HERE,
  );
  assert.equal(none, null);
});

Deno.test("an abort cancels the job, and before there is one nothing is submitted", async () => {
  const caller = new Caller("never");
  const controller = new AbortController();
  const call = callFunction(caller, fit, [], { ...HERE, signal: controller.signal });
  const reason = new Error("enough");
  setTimeout(() => controller.abort(reason));
  await assert.rejects(call, { code: "FUNCTION_CANCELLED", jobId: id, cause: reason });
  assert.equal(caller.cancelled, 1);

  const late = new Caller("never");
  await assert.rejects(
    callFunction(late, fit, [], { ...HERE, signal: controller.signal }),
    reason,
  );
  assert.deepEqual([late.submitted.length, late.cancelled], [0, 0]);
});

Deno.test("what is not JSON, or cannot be read, is refused before anything is sent", async () => {
  const caller = new Caller({});
  const any = tsFunction<(...words: unknown[]) => void>({ path: "/m.ts", name: "f" });
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  for (const word of [undefined, NaN, 1n, new Date(), [undefined], { a: () => 1 }, cyclic]) {
    await assert.rejects(callFunction(caller, any, [word], HERE), { code: "INVALID_ARGUMENTS" });
  }
  const unreadable = pythonFunction({ file: "src/none.py", name: "f" });
  await assert.rejects(callFunction(caller, unreadable, [], HERE), { code: "MODULE_UNREADABLE" });
  assert.deepEqual(caller.submitted, []);
});
