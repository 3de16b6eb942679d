/**
 * The test cluster through a proxy on this machine.
 *
 * @module
 */

import type { TcpProxy } from "../../faults/tcp_proxy.ts";
import type { ConfigOverrides, Workspace } from "./workspace.ts";

/** Configuration by which the cluster is reached through the proxy, its host keys still checked. */
export async function knownThroughProxy(
  workspace: Workspace,
  proxy: TcpProxy,
): Promise<ConfigOverrides> {
  const { facts, directory } = workspace;
  const name = `[${facts.host}]:${facts.port} `;
  const lines = (await Deno.readTextFile(facts.knownHosts)).split("\n")
    .filter((line) => line.startsWith(name))
    .map((line) => `[${proxy.host}]:${proxy.port} ${line.slice(name.length)}\n`);
  const knownHosts = `${directory}/known_hosts.${proxy.port}`;
  await Deno.writeTextFile(knownHosts, lines.join(""));
  return { host: proxy.host, port: proxy.port, hostKeys: { knownHosts } };
}
