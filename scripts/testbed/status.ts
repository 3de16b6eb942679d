/**
 * How the test cluster is.
 *
 * @module
 */

import { attempt, attemptScript } from "./command.ts";
import { daemonList } from "./daemon_list.ts";
import { runningDaemons } from "./daemons.ts";
import {
  CONTROLLER_ADDRESS,
  MAIN_ACCOUNT,
  NODES,
  SMALL_DISKS,
  type TestbedLayout,
} from "./layout.ts";
import { isStateDir } from "./state_dir.ts";

/** How the test cluster is, in whole and in parts. */
export interface TestbedStatus {
  /** `down` if there is none, `broken` if there is, but not whole. */
  readonly state: "up" | "broken" | "down";
  /** All daemons, running or not; empty if there is no cluster. */
  readonly daemons: readonly {
    readonly name: string;
    /** Process id, or `undefined` if it does not run. */
    readonly pid: number | undefined;
  }[];
  /** Slurm's word for the state of each node, such as `IDLE`; empty if slurmctld does not answer. */
  readonly nodes: readonly { readonly name: string; readonly state: string }[];
  /** What is wrong, in plain words; empty if the cluster is up. */
  readonly problems: readonly string[];
}

/** Looks at daemons, links, mounts and nodes; changes nothing. */
export async function testbedStatus(layout: TestbedLayout): Promise<TestbedStatus> {
  if (!await isStateDir(layout)) return { state: "down", daemons: [], nodes: [], problems: [] };
  const list = daemonList(layout);
  const [running, place] = await Promise.all([
    runningDaemons(layout, list),
    placeProblems(layout),
  ]);
  const nodes = running.has("slurmctld") ? await nodeStates(layout) : [];
  const daemons = list.map(({ name }) => ({ name, pid: running.get(name) }));
  const problems = [
    ...place,
    ...daemons.filter(({ pid }) => pid === undefined).map(({ name }) => `${name} does not run`),
    ...(nodes.length === 0 ? ["slurmctld does not answer"] : []),
    ...nodes.filter(({ state }) => !isUsable(state)).map(({ name, state }) =>
      `node ${name} is ${state}`
    ),
  ];
  return { state: problems.length === 0 ? "up" : "broken", daemons, nodes, problems };
}

/** Whether a node in this state, as `sinfo -o %T` prints it, can run jobs. */
export function isUsable(state: string): boolean {
  return /^(IDLE|MIXED|ALLOCATED|COMPLETING)\+?$/.test(state);
}

async function nodeStates(layout: TestbedLayout): Promise<{ name: string; state: string }[]> {
  const { code, stdout } = await attempt(
    "timeout",
    ["5", "sinfo", "-h", "-N", "-p", "debug", "-o", "%N %T"],
    { env: { SLURM_CONF: layout.slurmConf } },
  );
  if (code !== 0) return [];
  return stdout.split("\n").filter((line) => line !== "").map((line) => {
    const [name = "", state = ""] = line.split(/\s+/);
    return { name, state: state.toUpperCase() };
  });
}

async function placeProblems(layout: TestbedLayout): Promise<string[]> {
  const { stdout } = await attemptScript(
    `facts=$1 disks=$2 user=$3 address=$4; shift 4
    [ -s "$facts" ] || echo "the facts file is missing"
    for disk in ${SMALL_DISKS.join(" ")}; do
      mountpoint -q "$disks/$disk" || echo "the small disk $disk is not mounted"
    done
    getent passwd "$user" >/dev/null || echo "the user $user is missing"
    ip -o addr 2>/dev/null | grep -qF " $address/" || echo "the bridge has no address"
    while [ $# -gt 0 ]; do
      nsenter "--net=/run/netns/$1" true 2>/dev/null || echo "the network of $1 is missing"
      ip -o link show dev "$2" 2>/dev/null | grep -q 'state UP' || echo "the link $2 is down"
      grep -q "^$3 " /etc/hosts || echo "$3 is not in /etc/hosts"
      shift 3
    done`,
    [
      layout.facts,
      layout.smallDisks,
      MAIN_ACCOUNT,
      CONTROLLER_ADDRESS,
      ...NODES.flatMap(({ netns, link, address }) => [netns, link, address]),
    ],
  );
  return stdout.split("\n").filter((line) => line !== "");
}
