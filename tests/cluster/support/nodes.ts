/**
 * What jobs leave on the nodes of the test cluster, and nodes that are lost.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  nodeNamed,
  onCluster,
  runScript,
  setNodeLink,
  startDaemon,
  stopDaemon,
} from "../../../scripts/testbed/mod.ts";
import { until } from "./until.ts";
import type { Workspace } from "./workspace.ts";

/** The processes of the workspace's jobs, on whatever node: all nodes share the machine's processes. */
export async function jobProcesses({ remoteDirectory }: Workspace): Promise<string[]> {
  const stdout = await runScript(
    "list the jobs' processes",
    `for process in $(grep -lszF -- "SLUICE_JOB_DIRECTORY=$1/" /proc/[0-9]*/environ); do
      process=\${process%/environ}
      # A process that has just ended has no command line.
      words=$(tr '\\0' ' ' 2>/dev/null <"$process/cmdline") && [ -n "$words" ] || continue
      printf '%s %s\\n' "\${process#/proc/}" "$words"
    done`,
    [remoteDirectory],
  );
  return stdout.split("\n").filter((line) => line !== "");
}

/** Waits until no process of the workspace's jobs is left on any node. */
export async function allGone(workspace: Workspace): Promise<void> {
  await until(
    "no process of a job is left",
    async () => (await jobProcesses(workspace)).length === 0,
    200,
  );
}

/**
 * A node that is lost: all that jobs and Slurm run there is killed, whose peers the system still tells, then its
 * cable is pulled and Slurm is told that it is down. Disposing it brings the node back.
 */
export async function loseNode(node: string): Promise<AsyncDisposable> {
  await stopDaemon(`slurmd:${node}`, { signal: "KILL" });
  await runScript(
    "kill what runs on the node",
    `while
      pids=
      for pid in $(ip netns pids "$1"); do
        case $(cat "/proc/$pid/comm" 2>/dev/null) in
        '' | sshd) ;;
        *) pids="$pids $pid" ;;
        esac
      done
      [ -n "$pids" ]
    do
      # All at once, so that none tells of the end of another.
      kill -s KILL $pids 2>/dev/null || :
      sleep 0.1
    done`,
    [nodeNamed(node).netns],
  );
  await setNodeLink(node, "down");
  const update = (...words: string[]) =>
    onCluster(["scontrol", "update", `nodename=${node}`, ...words], { root: true });
  const { code, stderr } = await update("state=down", "reason=lost");
  assert.equal(code, 0, stderr);
  return {
    async [Symbol.asyncDispose]() {
      await setNodeLink(node, "up");
      await startDaemon(`slurmd:${node}`);
      await until(`${node} is back`, async () => {
        const { stdout } = await onCluster([
          "sinfo",
          "--noheader",
          `--nodes=${node}`,
          "--format=%t",
        ]);
        if (/^(idle|mix|alloc)$/m.test(stdout)) return true;
        // Refused where the node has come back by itself meanwhile.
        await update("state=resume");
        return false;
      }, 200);
    },
  };
}
