import { cpuUsage } from "node:process";
import type { Host } from "../../../hosts/mod.ts";
import { runScript } from "../../testbed/mod.ts";
import type { TestbedFacts } from "../../testbed/mod.ts";

/** What something cost. */
export interface Cost {
  /** CPU of this process, in ms. */
  readonly ownMs: number;
  /** CPU of the persistent shell on the cluster and of all that it started, in ms. */
  readonly remoteMs: number;
  /** CPU of slurmctld, in ms. */
  readonly slurmctldMs: number;
}

/** Clock ticks a second in /proc, on every Linux of today. */
const TICKS = 100;
/** Whoever hears of the end of something has done so after this time, in ms. */
const REST_MS = 150;

/** The CPU that each process and the children that it has waited for have used so far, in ms. */
async function used(processIds: readonly string[]): Promise<number[]> {
  // Deno itself reads nothing there without all permissions.
  const script = 'for id; do cat "/proc/$id/stat"; done';
  const printed = await runScript("read the CPU times", script, processIds);
  return printed.trim().split("\n").map((line) => {
    // The name, which comes second, may hold anything; the times are fields 14 to 17.
    const times = line.slice(line.lastIndexOf(")") + 2).split(" ").slice(11, 15);
    return times.reduce((sum, ticks) => sum + Number(ticks), 0) * 1_000 / TICKS;
  });
}

/** Measures CPU on both sides of a connection, where both are this machine. */
export class Meter {
  private constructor(private readonly shell: string, private readonly slurmctld: string) {}

  /** Finds the processes whose CPU is measured. */
  static async of(host: Host, facts: TestbedFacts): Promise<Meter> {
    const shell = new TextDecoder().decode((await host.run("echo $$")).stdout).trim();
    const pidFile = facts.daemons.find(({ name }) => name === "slurmctld")?.pidFile;
    if (pidFile === undefined) throw new Error("the test cluster has no slurmctld");
    return new Meter(shell, (await Deno.readTextFile(pidFile)).trim());
  }

  /** What the work costs, with all that follows from it at once. */
  async measure(work: () => Promise<void>): Promise<Cost> {
    const processes = [this.shell, this.slurmctld];
    const [shell = 0, slurmctld = 0] = await used(processes);
    const own = cpuUsage();
    await work();
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    const { user, system } = cpuUsage(own);
    const [shellAfter = 0, slurmctldAfter = 0] = await used(processes);
    return {
      ownMs: (user + system) / 1_000,
      remoteMs: shellAfter - shell,
      slurmctldMs: slurmctldAfter - slurmctld,
    };
  }
}
