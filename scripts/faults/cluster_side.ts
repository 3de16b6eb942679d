/**
 * The cluster's side of a run: where jobs lie and leave their marks, and what the cluster tells of them.
 *
 * @module
 */

import type { TestbedFacts } from "../testbed/mod.ts";
import { onCluster, TestbedError } from "../testbed/mod.ts";
import type { SlurmRecord, Start } from "./records.ts";
import { parseSlurmRecords, parseStarts, SACCT_FORMAT, SQUEUE_FORMAT } from "./records.ts";

/** States of a job that may still do something. */
const LIVE = ["PENDING", "RUNNING", "COMPLETING", "SUSPENDED", "CONFIGURING"];

async function asRoot(command: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await onCluster(command, { root: true });
  if (code === 0) return stdout;
  throw new TestbedError(
    "TESTBED_COMMAND_FAILED",
    `"${command.join(" ")}" ended with code ${code}: ${stderr.trim()}`,
    "Read the message; `deno task testbed up` repairs the cluster.",
  );
}

/** The places of one run on the cluster. */
export class ClusterSide implements AsyncDisposable {
  private constructor(
    /** The running test cluster. */
    readonly facts: TestbedFacts,
    /** Directory of everything but the small disk. */
    readonly root: string,
    /** Directory on the small disk. */
    readonly small: string,
  ) {}

  /** Makes the directories. */
  static async open(facts: TestbedFacts): Promise<ClusterSide> {
    const run = crypto.randomUUID();
    const root = `${facts.home}/sluice-faults/${run}`;
    const { code, stderr } = await onCluster(["mkdir", "-p", root]);
    if (code !== 0) throw new Error(`no directory on the cluster: ${stderr}`);
    return new ClusterSide(facts, root, `${facts.smallDisks.jobs.path}/faults-${run}`);
  }

  /** The file to which each job appends a line when it starts. */
  get startsPath(): string {
    return `${this.root}/starts`;
  }

  /** The file for which jobs wait that run across a fault. */
  gatePath(name: string): string {
    return `${this.root}/gate.${name}`;
  }

  /** Lets the jobs end that wait at the gate. */
  async openGate(name: string): Promise<void> {
    await asRoot(["touch", this.gatePath(name)]);
  }

  /** Every start so far. */
  async starts(): Promise<Start[]> {
    return parseStarts(
      await asRoot(["sh", "-c", 'cat "$1" 2>/dev/null || :', "sh", this.startsPath]),
    );
  }

  /** Every job of the run that the queue or the accounting knows. */
  async slurmRecords(): Promise<SlurmRecord[]> {
    const queue = await asRoot([
      "squeue",
      "--noheader",
      "--all",
      "--array",
      "--states=all",
      `--format=${SQUEUE_FORMAT}`,
    ]);
    const accounting = await asRoot([
      "sacct",
      "--noheader",
      "--allusers",
      "--allocations",
      // Ids that Slurm gave twice, and jobs that it put back, are listed with all their lives.
      "--duplicates",
      "--parsable2",
      // A job that was cancelled before it could begin is listed at the time when it could have.
      "--starttime=now-2hours",
      "--endtime=now+1day",
      `--format=${SACCT_FORMAT}`,
    ]);
    return [queue, accounting].flatMap((text) =>
      [this.root, this.small].flatMap((directory) => parseSlurmRecords(text, directory))
    );
  }

  /** A file that a job wrote; empty where there is none. */
  async file(path: string): Promise<Uint8Array> {
    const text = await asRoot(["sh", "-c", 'cat "$1" 2>/dev/null || :', "sh", path]);
    return new TextEncoder().encode(text);
  }

  /** Puts a running job or task back into the queue; says whether Slurm did. */
  async requeue(slurmId: string): Promise<boolean> {
    return (await onCluster(["scontrol", "requeue", slurmId], { root: true })).code === 0;
  }

  /** Fills the small disk to the last byte, as the account whose jobs lie there. */
  async fillSmallDisk(): Promise<void> {
    await onCluster(["sh", "-c", 'cat /dev/zero >"$1"', "sh", `${this.small}.filler`]);
  }

  /** Frees what {@linkcode ClusterSide.fillSmallDisk} took. */
  async freeSmallDisk(): Promise<void> {
    await asRoot(["rm", "-f", `${this.small}.filler`]);
  }

  /** Removes the directories of the jobs on the small disk, which have all ended. */
  async emptySmallDisk(): Promise<void> {
    await asRoot(["sh", "-c", 'rm -rf -- "$1"/jobs/*', "sh", this.small]);
  }

  /** Ends what still runs and removes the directories. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (let tries = 0; tries < 60; tries++) {
      const live = (await this.slurmRecords()).filter(({ state }) => LIVE.includes(state));
      if (live.length === 0) break;
      await onCluster(["scancel", ...new Set(live.map(({ jobId }) => jobId))], { root: true });
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    await asRoot(["sh", "-c", 'rm -rf -- "$1" "$2" "$2".*', "sh", this.root, this.small]);
  }
}
