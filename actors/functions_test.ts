import assert from "node:assert/strict";
import { pythonFunction } from "../functions/mod.ts";
import type { JobSpecInput } from "../model/mod.ts";
import { HERE, localSluiceTest } from "./testing/local_sluice.ts";

function payload(text: string, rest: object = {}): JobSpecInput {
  return {
    cluster: HERE,
    payload: { kind: "function", language: "python", module: { text }, name: "f", ...rest },
  };
}

localSluiceTest("a function returns its value, and its job tells it later too", async (sluice) => {
  const add = pythonFunction({ text: "def add(a, b): return a + b\n", name: "add" });
  assert.equal(await sluice.run(add, ["é", "\ud800"], { cluster: HERE }), "é\ud800");
  const [job] = (await sluice.jobs.list()).jobs;
  assert.ok(job !== undefined);
  await sluice.jobs.wait(job.id);
  const { returned, phase } = await sluice.jobs.result(job.id);
  assert.deepEqual([phase, returned], ["succeeded", { kind: "value", value: "é\ud800" }]);
  assert.deepEqual((await sluice.jobs.returned(job.id)).returned, returned);
});

localSluiceTest("each attempt at a function's job leaves a result of its own", async (sluice) => {
  const text = `
import os, sys
def f():
    if os.environ["SLUICE_ATTEMPT"] == "2": sys.exit(5)
    raise ValueError("the first")
`;
  const { id } = await sluice.jobs.submit({
    ...payload(text),
    retry: { times: 1, delaySeconds: 0 },
  });
  const end = await sluice.jobs.returned(id);
  assert.deepEqual([end.phase, end.exitCode, end.returned], ["failed", 5, undefined]);
});

localSluiceTest(
  "a result that something else has written, and a job without a function, are refused",
  async (sluice) => {
    const text = `
import os
def f():
    os.dup2(os.open(os.environ["SLUICE_RESULT"], os.O_CREAT | os.O_WRONLY), 1)
    print("not a result", flush=True)
    os._exit(0)
`;
    const { id } = await sluice.jobs.submit(payload(text));
    await assert.rejects(sluice.jobs.returned(id), { code: "RESULT_BROKEN", next: /\/result$/ });
    const other = await sluice.jobs.submit({
      cluster: HERE,
      payload: { kind: "command", command: ["true"] },
    });
    await assert.rejects(sluice.jobs.returned(other.id), { code: "FUNCTION_NOT_FOUND" });
  },
);

localSluiceTest("tasks of an array return each their own", async (sluice) => {
  const text = "import os\ndef f(): return os.environ['SLURM_ARRAY_TASK_ID']\n";
  const { id } = await sluice.jobs.submit({ ...payload(text), resources: { array: "2,10" } });
  for (const task of [10, 2]) {
    const end = await sluice.jobs.returned(id, { task });
    assert.deepEqual(end.returned, { kind: "value", value: String(task) });
  }
  await sluice.jobs.wait(id);
  assert.deepEqual((await sluice.jobs.result(id, { task: 2 })).returned, {
    kind: "value",
    value: "2",
  });
  assert.equal((await sluice.jobs.result(id)).returned, undefined);
});
