/**
 * Real Ray programs on the test cluster, and what they must not leave there.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Sluice } from "../../../actors/mod.ts";
import type { JobId } from "../../../model/mod.ts";
import { onCluster } from "../../../scripts/testbed/mod.ts";
import { allGone } from "./nodes.ts";
import { readAll } from "./output.ts";
import { pythonEnvironment } from "./python.ts";
import { until } from "./until.ts";
import type { JobInput, Workspace } from "./workspace.ts";

/** The release that is tested, with its dashboard. */
const RAY = "ray[default]==2.60.0";

/**
 * The first lines of every program. Within a task, `come(name)` tells where it is, and `meet(name)` waits until
 * somebody has come under that name.
 */
export const PRELUDE = `#!/usr/bin/env python3
import json, os, socket, sys, time
import ray

def come(name):
    open(os.environ["MEETING"] + "/" + name, "w").close()

def meet(name):
    while not os.path.exists(os.environ["MEETING"] + "/" + name):
        time.sleep(0.05)

ray.init(logging_level="ERROR", log_to_driver=False)
nodes = int(ray.cluster_resources()["CPU"])
`;

/** What the jobs of a test need, and what they leave. */
export interface RayBench {
  /** A job of Ray with one processor on each of the nodes. */
  job(script: string, words: readonly string[], nodes: readonly string[]): JobInput;
  /** Waits until somebody has come to the meeting. */
  come(name: string): Promise<void>;
  /** Waits until no process of any job is left on any node, nor anything of Ray on their disks. */
  clean(): Promise<void>;
}

/** Makes ready what jobs of Ray need. */
export async function rayBench(workspace: Workspace): Promise<RayBench> {
  const python = await pythonEnvironment("ray", [RAY]);
  const meeting = workspace.file("meeting").path;
  assert.equal((await onCluster(["mkdir", "-p", meeting])).code, 0);
  return {
    job: (script, words, nodes) => ({
      payload: { kind: "script", script, arguments: [...words] },
      launcher: {
        kind: "ray",
        cpusPerNode: 1,
        objectStoreMemory: "80M",
        // As long as its job may take: how fast this machine is proves nothing.
        headTimeoutSeconds: 600,
        workersTimeoutSeconds: 600,
        // Slurm here gives ten seconds between its two signals.
        graceSeconds: 1,
        dashboard: false,
        headArguments: ["--include-log-monitor=false"],
        workerArguments: ["--include-log-monitor=false"],
      },
      resources: {
        nodes: nodes.length,
        nodeList: nodes.join(","),
        tasksPerNode: 1,
        memory: "1500M",
        time: 10,
      },
      environment: { PATH: `${python}/bin:/usr/bin:/bin`, MEETING: meeting },
    }),
    async come(name) {
      const path = `${meeting}/${name}`;
      await until(
        `${name} has come`,
        async () => (await onCluster(["test", "-e", path])).code === 0,
        200,
      );
    },
    async clean() {
      await allGone(workspace);
      const { stdout } = await onCluster(
        ["sh", "-c", 'grep -lsF -- "$1" /tmp/sluice-ray-*/.lock', "sh", workspace.remoteDirectory],
      );
      assert.equal(stdout, "", "nothing temporary is left");
    },
  };
}

/** How the job ended, with its output; fails with what it said where that is another end. */
export async function ended(
  sluice: Sluice,
  id: JobId,
  phase: string,
  exitCode?: number,
): Promise<string> {
  const view = await sluice.jobs.wait(id);
  const [stdout = "", stderr = ""] = await Promise.all(
    (["stdout", "stderr"] as const).map(async (stream) =>
      new TextDecoder().decode(
        await readAll(sluice.jobs.logs({ jobId: id, stream, follow: false })),
      )
    ),
  );
  assert.deepEqual([view.phase, view.exitCode], [phase, exitCode], `${stdout}\n${stderr}`);
  return stdout;
}
