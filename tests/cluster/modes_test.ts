/**
 * One spec in every mode: which it is, the configuration says.
 */

import assert from "node:assert/strict";
import { Sluice } from "../../actors/mod.ts";
import { clusterConfigSchema } from "../../model/mod.ts";
import type { JobId } from "../../model/mod.ts";
import { readAll } from "./support/output.ts";
import { DEV, jobSpec, shellJob, Workspace } from "./support/workspace.ts";

/** What runs, whatever it runs in: it says what it was given, and fails in a way of its own. */
const SPEC = jobSpec(shellJob('echo "tide $TIDE"; echo "nothing" >&2; exit 3', {
  environment: { TIDE: "it's high" },
  resources: { nodes: 1, cpusPerTask: 2, memory: 50, time: 5 },
}));

async function outputs(sluice: Sluice, jobId: JobId, task: { readonly task?: number } = {}) {
  const read = async (stream: "stdout" | "stderr") =>
    new TextDecoder().decode(await readAll(sluice.jobs.logs({ jobId, stream, ...task })));
  return { stdout: await read("stdout"), stderr: await read("stderr") };
}

const PRINTED = { stdout: "tide it's high\n", stderr: "nothing\n" };

async function runs(sluice: Sluice, session: boolean): Promise<void> {
  const { id } = await sluice.jobs.submit(SPEC);
  const { phase, exitCode, session: ranIn } = await sluice.jobs.wait(id);
  assert.deepEqual([phase, exitCode, ranIn !== undefined], ["failed", 3, session]);
  assert.deepEqual(await outputs(sluice, id), PRINTED);
}

Deno.test("a spec runs the same on a plain host, as a Slurm job and in a session, by configuration alone", async () => {
  await using workspace = await Workspace.make();
  const configurations = {
    local: clusterConfigSchema.parse({
      type: "local",
      resources: "ignore",
      remoteDirectory: `${workspace.directory}/here`,
    }),
    job: workspace.config(),
    session: workspace.config({
      sessions: { shared: { resources: { nodes: 1, cpusPerTask: 4, memory: 200, time: 5 } } },
      runIn: "shared",
    }),
  };
  for (const [mode, cluster] of Object.entries(configurations)) {
    await using sluice = await Sluice.open({
      config: { dataDirectory: `${workspace.directory}/${mode}`, clusters: { [DEV]: cluster } },
    });
    await runs(sluice, mode === "session");
  }
});

Deno.test("the same work is a component of a heterogeneous job, beside others", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const { payload, environment, resources } = SPEC;
  const { id } = await sluice.jobs.submit(jobSpec(shellJob("true", {
    resources: { nodes: 1, memory: 50, time: 5 },
    components: [{ payload, environment, resources }],
  })));
  const { tasks } = await sluice.jobs.wait(id);
  assert.deepEqual(
    tasks?.map(({ task, phase, exitCode }) => [task, phase, exitCode]),
    [[0, "succeeded", 0], [1, "failed", 3]],
  );
  assert.deepEqual(await outputs(sluice, id, { task: 1 }), PRINTED);
});
