/**
 * The test cluster as benchmarks use it: directly or over a slow line, with all that was made there
 * removed at the end.
 *
 * @module
 */

import type { TcpProxy } from "../../tests/faults/tcp_proxy.ts";
import { startProxy } from "../../tests/faults/tcp_proxy.ts";
import { knownThroughProxy } from "../../tests/cluster/support/known_hosts.ts";
import { Workspace } from "../../tests/cluster/support/workspace.ts";
import type { ConfigOverrides } from "../../tests/cluster/support/workspace.ts";
import { onCluster } from "../testbed/mod.ts";
import type { Address } from "./peers/address.ts";

/** See the module. */
export class BenchCluster implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;

  private constructor(
    stack: AsyncDisposableStack,
    /** A directory on this machine and one on the cluster. */
    readonly workspace: Workspace,
    /** What of Sluice's configuration leads there. */
    readonly config: ConfigOverrides,
    /** How other clients get there. */
    readonly address: Address,
  ) {
    this.#stack = stack;
  }

  /** Opens it. @param roundTripMs How long an answer takes at the least. Default: no longer than it does. */
  static async open(roundTripMs = 0): Promise<BenchCluster> {
    await using stack = new AsyncDisposableStack();
    const workspace = stack.use(await Workspace.make());
    const { facts } = workspace;
    const { code, stderr } = await onCluster(["mkdir", "-p", workspace.remoteDirectory]);
    if (code !== 0) throw new Error(stderr);
    const { user, keys: { ed25519: keyFile } } = facts;
    const direct = { host: facts.host, port: facts.port, user, keyFile };
    if (roundTripMs === 0) {
      const address = { ...direct, knownHosts: facts.knownHosts };
      return new BenchCluster(stack.move(), workspace, {}, address);
    }
    const proxy: TcpProxy = stack.use(
      startProxy({ target: direct, latencyMs: roundTripMs / 2 }),
    );
    const config = await knownThroughProxy(workspace, proxy);
    const knownHosts = `${workspace.directory}/known_hosts.${proxy.port}`;
    const address = { ...direct, host: proxy.host, port: proxy.port, knownHosts };
    return new BenchCluster(stack.move(), workspace, config, address);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Ids of the jobs of that name that have not ended. */
export async function jobsNamed(name: string): Promise<string[]> {
  const { stdout } = await onCluster(["squeue", "--noheader", `--name=${name}`, "--format=%A"]);
  return stdout.split("\n").filter((id) => id !== "");
}

/** Ends all jobs of that name. */
export async function cancelNamed(name: string): Promise<void> {
  await onCluster(["scancel", `--name=${name}`]);
}
