/**
 * The test cluster as benchmarks use it.
 *
 * @module
 */

import { clusterConfigSchema, clusterNameSchema } from "../../model/mod.ts";
import type { ClusterConfig, ClusterName } from "../../model/mod.ts";
import { onCluster, readTestbed, runScript } from "../testbed/mod.ts";
import type { TestbedFacts } from "../testbed/mod.ts";

/** Name of the cluster in the configurations of benchmarks. */
export const BENCH_CLUSTER: ClusterName = clusterNameSchema.parse("dev");

/** Where the login node's sshd is reached: directly, or through a proxy. */
export interface Door {
  /** Its address. */
  readonly host: string;
  /** Its port. */
  readonly port: number;
}

/** What one benchmark has on the cluster and on this machine, all of it removed at the end. */
export class BenchCluster implements AsyncDisposable {
  private constructor(
    /** The running test cluster. */
    readonly facts: TestbedFacts,
    /** A directory on this machine. */
    readonly directory: string,
    /** Sluice's directory on the cluster, which is this machine too. */
    readonly remoteDirectory: string,
  ) {}

  /** Makes the directories. @param name Tells the benchmark's from others. */
  static async make(name: string): Promise<BenchCluster> {
    const facts = await readTestbed();
    if (facts === undefined) throw new Error("the test cluster is down");
    const directory = await Deno.makeTempDir({ prefix: `sluice-bench-${name}-` });
    const remote = `${facts.home}/sluice-bench/${name}-${crypto.randomUUID()}`;
    const { code, stderr } = await onCluster(["mkdir", "-p", remote]);
    if (code !== 0) throw new Error(stderr);
    return new BenchCluster(facts, directory, remote);
  }

  /**
   * The cluster as Sluice's configuration has it.
   *
   * @param door Where it is reached. Default: directly.
   */
  async config(
    overrides: Readonly<Record<string, unknown>> = {},
    door: Door = this.facts,
  ): Promise<ClusterConfig> {
    const { user, keys } = this.facts;
    return clusterConfigSchema.parse({
      type: "slurm",
      host: door.host,
      port: door.port,
      user,
      auth: { keyFile: keys.ed25519 },
      hostKeys: { knownHosts: await this.#knownHosts(door) },
      sshConfig: false,
      remoteDirectory: this.remoteDirectory,
      ...overrides,
    });
  }

  /** The words of an OpenSSH command line up to the remote command. @param door See `config`. */
  async ssh(door: Door = this.facts, options: readonly string[] = []): Promise<string[]> {
    const { user, keys } = this.facts;
    const settings = [
      "BatchMode=yes",
      "StrictHostKeyChecking=yes",
      `UserKnownHostsFile=${await this.#knownHosts(door)}`,
      "IdentitiesOnly=yes",
      "LogLevel=ERROR",
      ...options,
    ];
    return [
      "ssh",
      "-F",
      "none",
      "-i",
      keys.ed25519,
      "-p",
      String(door.port),
      ...settings.flatMap((setting) => ["-o", setting]),
      `${user}@${door.host}`,
    ];
  }

  /** The keys of the cluster under the address of the door. */
  async #knownHosts({ host, port }: Door): Promise<string> {
    const { facts } = this;
    if (host === facts.host && port === facts.port) return facts.knownHosts;
    const name = `[${facts.host}]:${facts.port} `;
    const lines = (await Deno.readTextFile(facts.knownHosts)).split("\n")
      .filter((line) => line.startsWith(name))
      .map((line) => `[${host}]:${port} ${line.slice(name.length)}\n`);
    const path = `${this.directory}/known_hosts.${port}`;
    await Deno.writeTextFile(path, lines.join(""));
    return path;
  }

  /** Removes both directories. The benchmark's jobs are the benchmark's to end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await runScript("remove what a benchmark left", 'rm -rf -- "$1" "$2"', [
      this.directory,
      this.remoteDirectory,
    ]);
  }
}
