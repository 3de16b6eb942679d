/**
 * The bridge, the network namespaces and the names of the test cluster.
 *
 * @module
 */

import { attempt, run, runScript } from "./command.ts";
import { withoutTestbedHosts, withTestbedHosts } from "./hosts_file.ts";
import { BRIDGE, CONTROLLER_ADDRESS, nodeNamed, NODES } from "./layout.ts";

/** Makes the bridge, a namespace with an address for each node, and the names; repairs all of them. */
export async function raiseNetwork(): Promise<void> {
  await runScript(
    "make the bridge",
    `ip link show dev "$1" >/dev/null 2>&1 || ip link add "$1" type bridge
    ip addr replace "$2/24" dev "$1"
    ip link set "$1" up`,
    [BRIDGE, CONTROLLER_ADDRESS],
  );
  for (const { netns, link, address } of NODES) {
    await runScript(
      `make the network of ${netns}`,
      `netns=$1 link=$2 address=$3 bridge=$4
      # A file without a namespace behind it is what a killed machine leaves.
      if ! nsenter "--net=/run/netns/$netns" true 2>/dev/null; then
        ip netns del "$netns" 2>/dev/null || rm -f "/run/netns/$netns"
        ip netns add "$netns"
      fi
      # A namespace that was deleted takes its cable along only after a while, hence the retries.
      tries=0
      until ip -n "$netns" link show dev eth0 >/dev/null 2>&1; do
        ip link del "$link" 2>/dev/null || true
        said=$(ip link add "$link" type veth peer name eth0 netns "$netns" 2>&1) && break
        [ $tries -lt 50 ] || { echo "$said" >&2; exit 1; }
        tries=$((tries + 1)); sleep 0.1
      done
      ip link set "$link" master "$bridge" up
      ip -n "$netns" link set lo up
      ip -n "$netns" addr replace "$address/24" dev eth0
      ip -n "$netns" link set eth0 up`,
      [netns, link, address, BRIDGE],
    );
  }
  await rewriteHosts(withTestbedHosts);
}

/** Removes what {@linkcode raiseNetwork} made. */
export async function razeNetwork(): Promise<void> {
  for (const { netns, link } of NODES) {
    await attempt("ip", ["link", "del", link]);
    await attempt("ip", ["netns", "del", netns]);
  }
  await attempt("ip", ["link", "del", BRIDGE]);
  await runScript(
    "remove /run/netns if it is empty",
    `[ -d /run/netns ] || exit 0
    [ -z "$(ls -A /run/netns)" ] || exit 0
    while umount /run/netns 2>/dev/null; do :; done
    rmdir /run/netns 2>/dev/null || true`,
    [],
  );
  await rewriteHosts(withoutTestbedHosts);
}

/** Plugs a node's cable in or pulls it. */
export async function setNodeLink(node: string, state: "up" | "down"): Promise<void> {
  await run("ip", ["link", "set", nodeNamed(node).link, state]);
}

async function rewriteHosts(change: (text: string) => string): Promise<void> {
  const before = await run("cat", ["/etc/hosts"]);
  const after = change(before);
  if (after === before) return;
  // Written in place: in containers the file is often a mount of its own that cannot be replaced.
  await runScript("write /etc/hosts", "cat >/etc/hosts", [], { stdin: after });
}
