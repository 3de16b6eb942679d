/**
 * Takes the test cluster down.
 *
 * @module
 */

import { razeAccounts } from "./accounts.ts";
import { runScript } from "./command.ts";
import { daemonList } from "./daemon_list.ts";
import { stopDaemon } from "./daemons.ts";
import { NODES, type TestbedLayout } from "./layout.ts";
import { acquireLock } from "./lock.ts";
import { razeNetwork } from "./network.ts";
import { checkMachine } from "./packages.ts";
import type { Progress } from "./progress.ts";
import { isStateDir, razeStateDir } from "./state_dir.ts";

/** Removes all that `bringUp` made, but for Debian packages. Does nothing if there is no cluster. */
export async function takeDown(layout: TestbedLayout, progress: Progress): Promise<void> {
  await checkMachine();
  await using _lock = await acquireLock();
  if (!await isStateDir(layout)) {
    progress("already down");
    return;
  }
  progress("daemons and jobs");
  // All data goes with the directory, so nothing needs the time of an orderly stop.
  await Promise.all(
    daemonList(layout).map((daemon) => stopDaemon(layout, daemon, { signal: "KILL" })),
  );
  await endNodeProcesses();
  progress("users");
  await razeAccounts(layout);
  progress("network");
  await razeNetwork();
  progress("directories");
  await razeStateDir(layout);
}

/** Ends what still runs in the nodes' namespaces: slurmstepd, the processes of jobs, SSH sessions. */
async function endNodeProcesses(): Promise<void> {
  await runScript(
    "end what runs on the nodes",
    `for netns; do
      tries=0
      while pids=$(ip netns pids "$netns" 2>/dev/null) && [ -n "$pids" ]; do
        for pid in $pids; do kill -s KILL "$pid" 2>/dev/null || true; done
        [ $tries -lt 50 ] || { echo "processes in $netns do not end: $pids" >&2; exit 1; }
        tries=$((tries + 1)); sleep 0.1
      done
    done`,
    NODES.map(({ netns }) => netns),
  );
}
