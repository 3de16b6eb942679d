/**
 * What runs on the other nodes of a job while its payload runs on the first, by a launcher of the test's own.
 */

import assert from "node:assert/strict";
import { Sluice } from "../../actors/mod.ts";
import type { Launcher } from "../../launchers/mod.ts";
import { onCluster } from "../../scripts/testbed/mod.ts";
import { allGone } from "./support/nodes.ts";
import { readAll } from "./support/output.ts";
import { DEV, jobSpec, Workspace } from "./support/workspace.ts";
import type { JobInput } from "./support/workspace.ts";

/** The payload waits for a peer on each other node, and each peer for its end, of which it takes note. */
const noting: Launcher = {
  plan: () => ({
    files: [],
    body: [
      "others=$((SLURM_JOB_NUM_NODES - 1))",
      'while set -- "$sluice_dir"/here.*; [ ! -e "$1" ] || [ "$#" -lt "$others" ]; do sleep 0.1; done',
      'cat "$@"',
      "exit 7",
    ],
    peers: [
      `trap 'echo "$SLURMD_NODENAME was told" >>"$sluice_dir/ends"; exit' TERM`,
      'echo "$SLURMD_NODENAME $SLURM_CPUS_ON_NODE ${SLURM_GPUS_ON_NODE:-0}" >"$sluice_dir/new.$SLURMD_NODENAME"',
      'mv "$sluice_dir/new.$SLURMD_NODENAME" "$sluice_dir/here.$SLURMD_NODENAME"',
      "while :; do sleep 0.1; done",
    ],
    directives: [],
    directiveOptions: [],
  }),
};

/** Runs a job of the launcher: what its payload printed, and what its peers noted of their end. */
async function run(resources: JobInput["resources"]): Promise<{ printed: string; noted: string }> {
  await using workspace = await Workspace.make();
  await using sluice = await Sluice.open({
    config: { dataDirectory: workspace.dataDirectory, clusters: { [DEV]: workspace.config() } },
    launchers: { noting },
  });
  const { id } = await sluice.jobs.submit(jobSpec({
    payload: { kind: "command", command: ["true"] },
    launcher: { kind: "custom", name: "noting" },
    resources: { ...resources, time: 5 },
  }));
  const view = await sluice.jobs.wait(id);
  const [printed, noted] = await Promise.all([
    readAll(sluice.jobs.logs({ jobId: id, follow: false })),
    onCluster(["cat", `${view.directory}/ends`]),
  ]);
  assert.deepEqual([view.phase, view.exitCode], ["failed", 7]);
  await allGone(workspace);
  return { printed: new TextDecoder().decode(printed), noted: noted.stdout };
}

const sorted = (text: string) => text.trimEnd().split("\n").sort();

Deno.test("peers run on every other node with what the job has there, and are told when the payload has ended", async () => {
  const { printed, noted } = await run({
    nodeList: "n1,n2,n3",
    nodes: 3,
    tasksPerNode: 1,
    cpusPerTask: 2,
    gpusPerNode: 1,
    memory: 200,
  });
  assert.deepEqual(sorted(printed), ["n2 2 1", "n3 2 1"]);
  assert.deepEqual(sorted(noted), ["n2 was told", "n3 was told"]);
});

Deno.test("peers run also where a job has more on one node than on another", async () => {
  const { printed, noted } = await run({ nodes: 3, tasks: 5, gpus: 3, memoryPerCpu: 50 });
  assert.equal(sorted(printed).length, 2);
  assert.equal(sorted(noted).length, 2);
});
