import { runScript } from "../../testbed/mod.ts";
import type { BenchCluster } from "../bench_cluster.ts";
import { PythonPeer } from "../peers/python.ts";
import type { PythonPackage } from "../peers/python.ts";
import type { QueuedJob } from "./queued_jobs.ts";

/** So many jobs are asked for at the most. */
const SAMPLE = 20;

/** What a package from PyPI needs to ask for the state of each job in its own way. */
export class PythonStatus implements AsyncDisposable {
  private constructor(private readonly peer: PythonPeer) {}

  /** Starts the package's program, which connects. */
  static async open(
    from: PythonPackage,
    { workspace, address }: BenchCluster,
  ): Promise<PythonStatus> {
    const home = `${workspace.directory}/${from.program}`;
    await Deno.mkdir(home);
    return new PythonStatus(await PythonPeer.open(from, address, home));
  }

  /**
   * The CPU of its process, and of those that it starts, to ask for all jobs once, in ms, computed from at
   * most 20 of them.
   */
  async ask(jobs: readonly QueuedJob[]): Promise<number> {
    const sample = jobs.slice(0, SAMPLE).map(({ schedulerId }) => schedulerId);
    const before = await cpuMs(this.peer.processId);
    const told = await this.peer.status(sample);
    if (told !== sample.length) throw new Error(`it told of ${told} of ${sample.length} jobs`);
    return (await cpuMs(this.peer.processId) - before) * jobs.length / sample.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.peer[Symbol.asyncDispose]();
  }
}

/** CPU time of a process and of its children that have ended, in ms. Source: proc(5), /proc/pid/stat. */
async function cpuMs(processId: number): Promise<number> {
  const stat = await runScript("read CPU times", 'cat "/proc/$1/stat"', [String(processId)]);
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = stat
    .slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 15).map(Number);
  // In ticks of 10 ms.
  return (user + system + childUser + childSystem) * 10;
}
