/**
 * The test cluster as Sluice is configured for it: several times, each through a proxy of its own.
 *
 * @module
 */

import type { TcpProxy } from "../../tests/faults/tcp_proxy.ts";
import { startProxy } from "../../tests/faults/tcp_proxy.ts";
import type { TestbedFacts } from "../testbed/mod.ts";

/** One configured cluster and the proxy that leads to it. */
export interface Lane {
  readonly cluster: string;
  readonly proxy: TcpProxy;
}

/** Starts a proxy for each of the names. */
export function startLanes(facts: TestbedFacts, names: readonly string[]): Lane[] {
  const { host, port } = facts;
  return names.map((cluster) => ({ cluster, proxy: startProxy({ target: { host, port } }) }));
}

/** Lines of known_hosts by which the cluster's own keys are known behind the proxies. */
export function knownHostsOf(lanes: readonly Lane[], facts: TestbedFacts, text: string): string {
  const name = `[${facts.host}]:${facts.port} `;
  const keys = text.split("\n").filter((line) => line.startsWith(name));
  return lanes.flatMap(({ proxy }) =>
    keys.map((line) => `[${proxy.host}]:${proxy.port} ${line.slice(name.length)}\n`)
  ).join("");
}

/** Part of the configuration for a lane. */
export function laneConfig(
  { proxy }: Lane,
  { facts, knownHosts, remoteDirectory }: {
    readonly facts: TestbedFacts;
    readonly knownHosts: string;
    readonly remoteDirectory: string;
  },
): Readonly<Record<string, unknown>> {
  return {
    type: "slurm",
    host: proxy.host,
    port: proxy.port,
    user: facts.user,
    auth: { keyFile: facts.keys.ed25519 },
    hostKeys: { knownHosts },
    sshConfig: false,
    remoteDirectory,
    poll: { minSeconds: 1, maxSeconds: 5 },
  };
}
