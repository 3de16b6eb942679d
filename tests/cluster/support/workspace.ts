/**
 * What one test needs on the cluster, and nothing of it left behind.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Sluice } from "../../../actors/mod.ts";
import { clusterConfigSchema, clusterNameSchema } from "../../../model/mod.ts";
import type { ClusterConfig, JobSpec, JobSpecInput } from "../../../model/mod.ts";
import { jobSpecSchema } from "../../../model/mod.ts";
import { createSluiceClient, serve } from "../../../rpc/mod.ts";
import type { RunningServer, SluiceClient } from "../../../rpc/mod.ts";
import { onCluster } from "../../../scripts/testbed/mod.ts";
import type { TestbedFacts } from "../../../scripts/testbed/mod.ts";

import { requireTestbed } from "../require.ts";
import { until } from "./until.ts";

/** Name of the cluster in the tests' configuration. */
export const DEV = clusterNameSchema.parse("dev");

/** Bearer token of the tests' servers. */
export const TOKEN = "0123456789abcdef0123456789abcdef";

/** Parts of a cluster's configuration. */
export type ConfigOverrides = Readonly<Record<string, unknown>>;

/** One of the workspace's jobs as Slurm itself lists it. */
export interface SlurmJob {
  readonly id: string;
  readonly comment: string;
  readonly state: string;
}

/** A job's spec as a client writes it, without the cluster. */
export type JobInput = Omit<JobSpecInput, "cluster">;

/** The spec of a job on the test cluster. */
export function jobSpec(input: JobInput): JobSpec {
  return jobSpecSchema.parse({ cluster: DEV, ...input });
}

/** A job that runs a script of `sh`. */
export function shellJob(script: string, rest: Omit<JobInput, "payload"> = {}): JobInput {
  return { payload: { kind: "script", script: `#!/bin/sh\n${script}\n` }, ...rest };
}

/** A directory on the cluster and one on this machine, both removed at the end. */
export class Workspace implements AsyncDisposable {
  private constructor(
    /** The running test cluster. */
    readonly facts: TestbedFacts,
    /** A temporary directory on this machine. */
    readonly directory: string,
    /** Sluice's directory on the cluster. */
    readonly remoteDirectory: string,
  ) {}

  /**
   * Makes the directory on this machine and names the one on the cluster.
   *
   * @param place Where the one on the cluster is to be. Default: in the main account's home directory.
   */
  static async make(
    place: (facts: TestbedFacts) => string = ({ home }) => home,
  ): Promise<Workspace> {
    const facts = await requireTestbed();
    const directory = await Deno.makeTempDir({ prefix: "sluice-cluster-" });
    const remote = `${place(facts)}/sluice-tests/${crypto.randomUUID()}`;
    return new Workspace(facts, directory, remote);
  }

  /** Where Sluice keeps its journal. */
  get dataDirectory(): string {
    return `${this.directory}/data`;
  }

  /** The test cluster as Sluice's configuration has it. */
  config(overrides: ConfigOverrides = {}): ClusterConfig {
    const { host, port, user, keys, knownHosts } = this.facts;
    return clusterConfigSchema.parse({
      type: "slurm",
      host,
      port,
      user,
      auth: { keyFile: keys.ed25519 },
      hostKeys: { knownHosts },
      sshConfig: false,
      remoteDirectory: this.remoteDirectory,
      poll: { minSeconds: 1, maxSeconds: 5 },
      ...overrides,
    });
  }

  /** Opens Sluice on the workspace's journal; the caller closes it. */
  open(overrides: ConfigOverrides = {}): Promise<Sluice> {
    return Sluice.open({
      config: {
        dataDirectory: this.dataDirectory,
        clusters: { [DEV]: this.config(overrides) },
      },
    });
  }

  /** A file on the cluster that jobs may write, and its content. */
  file(name: string): { readonly path: string; read(): Promise<string> } {
    const path = `${this.remoteDirectory}.${name}`;
    return {
      path,
      async read() {
        const { code, stdout } = await onCluster(["cat", path]);
        return code === 0 ? stdout : "";
      },
    };
  }

  /** Every job of this workspace that Slurm knows, the array tasks one by one. */
  async slurmJobs(): Promise<SlurmJob[]> {
    const { code, stdout, stderr } = await onCluster(
      ["squeue", "--noheader", "--all", "--array", "--states=all", "--format=%i|%k|%T|%Z"],
      { root: true },
    );
    assert.equal(code, 0, stderr);
    return stdout.split("\n").flatMap((line) => {
      const [id = "", comment = "", state = "", directory = ""] = line.split("|");
      return directory.startsWith(`${this.remoteDirectory}/`) ? [{ id, comment, state }] : [];
    });
  }

  /**
   * Comments of all jobs of this workspace in accounting, the array tasks one by one, once all have ended and it has
   * caught up: it has the end of every job that slurmctld has not forgotten, and so many ends at least.
   */
  async accountedJobs(least: number): Promise<string[]> {
    let comments: string[] = [];
    await until("accounting has every job", async () => {
      // First, so that accounting is asked for all that slurmctld knows.
      const jobs = await this.slurmJobs();
      const lines = (await this.#accounting()).map((line) => line.split("|"));
      const ended = lines.filter(([, end, , directory]) =>
        end !== "Unknown" && directory?.startsWith(`${this.remoteDirectory}/`)
      );
      comments = ended.map(([, , comment = ""]) => comment);
      const ids = new Set(ended.map(([id]) => id));
      return ended.length >= least && jobs.every(({ id }) => ids.has(id));
    }, 200);
    return comments;
  }

  async #accounting(): Promise<string[]> {
    const { code, stdout, stderr } = await onCluster([
      "sacct",
      "--noheader",
      "--allusers",
      "--allocations",
      "--parsable2",
      // A job that was cancelled before it could begin is listed at the time when it could have.
      "--starttime=now-1hour",
      "--endtime=now+1day",
      "--format=JobID,End,Comment,WorkDir",
    ], { root: true });
    assert.equal(code, 0, stderr);
    return stdout.split("\n");
  }

  /** Paths of all files and directories below the jobs' directory on the cluster. */
  async remoteFiles(): Promise<string[]> {
    const { stdout } = await onCluster(["find", `${this.remoteDirectory}/jobs`, "-mindepth", "1"], {
      root: true,
    });
    return stdout.split("\n").filter((line) => line !== "");
  }

  /** Ends what still runs and removes both directories. */
  async [Symbol.asyncDispose](): Promise<void> {
    const live = async () =>
      (await this.slurmJobs()).filter(({ state }) =>
        ["PENDING", "RUNNING", "COMPLETING", "SUSPENDED", "CONFIGURING"].includes(state)
      ).map(({ id }) => id);
    await until("the cluster has ended the test's jobs", async () => {
      const ids = await live();
      if (ids.length > 0) await onCluster(["scancel", ...ids], { root: true });
      return ids.length === 0;
    }, 500);
    await onCluster(
      ["sh", "-c", 'rm -rf -- "$1" "$1".*', "sh", this.remoteDirectory],
      { root: true },
    );
    await Deno.remove(this.directory, { recursive: true });
  }
}

/** Sluice behind its real server, with a typed client. */
export interface Served {
  readonly server: RunningServer;
  readonly client: SluiceClient;
}

/** Serves Sluice on a free port; the caller shuts the server down. */
export function serveOnFreePort(sluice: Sluice): Served {
  const server = serve(sluice, { token: TOKEN, port: 0 });
  return { server, client: createSluiceClient({ url: server.url, token: TOKEN }) };
}
