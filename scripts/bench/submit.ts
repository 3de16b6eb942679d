import type { Sluice } from "../../actors/mod.ts";
import { DEV } from "../../tests/cluster/support/workspace.ts";
import { onCluster } from "../testbed/mod.ts";
import { BenchCluster, cancelNamed, jobsNamed } from "./bench_cluster.ts";
import type { Benchmark, Contender } from "./benchmark.ts";
import { measure } from "./measure.ts";
import { OpenSsh } from "./peers/openssh.ts";
import { DAGSTER_SLURM, FLYTEKIT_SLURM, PythonPeer } from "./peers/python.ts";
import type { PythonPackage } from "./peers/python.ts";

/** Jobs of ours and of the limit in one round. */
const JOBS = 500;
/** What all jobs ask for: they are accepted, and wait for longer than the benchmark takes. */
const WAIT = { begin: "now+1hour", memory: 50 } as const;
const WAIT_WORDS = "--begin=now+1hour --mem=50";

/** How slow the line is, and how many jobs others submit in one round: their rate is the same for few. */
interface Line {
  readonly name: string;
  readonly roundTripMs: number;
  readonly jobs: Readonly<Record<"openssh" | "flytekit" | "dagster", number>>;
}

const LINES: readonly Line[] = [
  {
    name: "loopback",
    roundTripMs: 0,
    jobs: { openssh: 40, flytekit: 40, dagster: 2 },
  },
  {
    name: "rtt-50ms",
    roundTripMs: 50,
    jobs: { openssh: 8, flytekit: 16, dagster: 1 },
  },
];

/**
 * How fast Slurm accepts 500 jobs with different scripts.
 *
 * The limit is sbatch itself on the login node, four at a time, with the scripts there already. The others
 * are a loop of OpenSSH over one connection, and what flytekit's connector and dagster-slurm do for each job
 * until sbatch has answered, at the most that one connection bears.
 */
export const submit: Benchmark = {
  about: "jobs per second that Slurm accepts, each with a script of its own",
  onCluster: true,
  async run(tell) {
    for (const line of LINES) {
      await using stack = new AsyncDisposableStack();
      const cluster = stack.use(await BenchCluster.open(line.roundTripMs));
      const python = async (from: PythonPackage, jobs: number) => {
        const home = `${cluster.workspace.directory}/${from.program}`;
        await Deno.mkdir(home);
        const peer = stack.use(await PythonPeer.open(from, cluster.address, home));
        return others((name) => peer.submit(jobs, name), jobs);
      };
      const sluice = stack.use(await cluster.workspace.open(cluster.config));
      const ssh = stack.use(await OpenSsh.open(cluster.address, cluster.workspace.directory));
      const scripts = stack.use(await Scripts.make());
      tell(
        await measure({
          name: line.name,
          unit: "jobs/s",
          ours: ours(sluice),
          limit: others((name) => sbatchAlone(scripts, name), JOBS),
          peers: {
            openssh: others(
              (name) => sbatchBySsh(ssh, scripts, name, line.jobs.openssh),
              line.jobs.openssh,
            ),
            flytekit: await python(FLYTEKIT_SLURM, line.jobs.flytekit),
            dagster: await python(DAGSTER_SLURM, line.jobs.dagster),
          },
        }, { measured: 3, warmUp: 1 }),
      );
    }
    await onCluster(["sh", "-c", "rm -rf /tmp/sluice-bench /tmp/task_*.slurm"]);
  },
};

/** All in one call, from the call to the event that says that Slurm has the last of them. */
function ours(sluice: Sluice): Contender {
  let name = "";
  let cursor = 0;
  return {
    async run() {
      name = `bench-${crypto.randomUUID()}`;
      await sluice.jobs.submitMany(Array.from({ length: JOBS }, (_, number) => ({
        cluster: DEV,
        name,
        payload: { kind: "script" as const, script: `#!/bin/sh\necho job ${number}\n` },
        resources: WAIT,
      })));
      let submitted = 0;
      for await (const { id, fact } of sluice.jobs.events({}, { after: cursor })) {
        cursor = id;
        if (fact.type === "submitted") submitted++;
        if (submitted === JOBS) break;
      }
      return submitted;
    },
    async reset() {
      await verify(name, JOBS);
      await cancelNamed(name);
      // So that Sluice is at rest while others are measured.
      let ended = 0;
      for await (const { id, fact } of sluice.jobs.events({}, { after: cursor })) {
        cursor = id;
        if (fact.type === "ended") ended++;
        if (ended === JOBS) break;
      }
    },
  };
}

/** Whoever submits jobs under a name. */
function others(submitUnder: (name: string) => Promise<number>, jobs: number): Contender {
  let name = "";
  return {
    run() {
      name = `bench-${crypto.randomUUID()}`;
      return submitUnder(name);
    },
    async reset() {
      await verify(name, jobs);
      await cancelNamed(name);
    },
  };
}

/** Throws unless Slurm has so many jobs of the name. */
async function verify(name: string, jobs: number): Promise<void> {
  const { length } = await jobsNamed(name);
  if (length !== jobs) throw new Error(`Slurm has ${length} of ${jobs} jobs`);
}

/** A script for each job, in a directory that the login node and this machine share. */
class Scripts implements AsyncDisposable {
  private constructor(readonly directory: string) {}

  /** Writes them, before anything is measured. */
  static async make(): Promise<Scripts> {
    const { stdout } = await onCluster(
      [
        "sh",
        "-c",
        `d=$(mktemp -d) && cd "$d" && i=0
        while [ "$i" -lt "$1" ]; do
          printf '#!/bin/sh\\necho job %s\\n' "$i" >"job$i"
          i=$((i + 1))
        done
        chmod 755 "$d" && pwd`,
        "sh",
        String(JOBS),
      ],
    );
    return new Scripts(stdout.trim());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await onCluster(["rm", "-r", this.directory]);
  }
}

/** sbatch on the login node, without anybody in between. */
async function sbatchAlone({ directory }: Scripts, name: string): Promise<number> {
  const { stdout } = await onCluster([
    "sh",
    "-c",
    `cd "$1" &&
    ls | xargs -P 4 -n 1 sbatch --parsable ${WAIT_WORDS} --job-name="$2" --output=/dev/null | wc -l`,
    "sh",
    directory,
    name,
  ]);
  return Number(stdout);
}

/** One job after the other, the script on standard input. */
async function sbatchBySsh(
  ssh: OpenSsh,
  { directory }: Scripts,
  name: string,
  jobs: number,
): Promise<number> {
  const printed = await ssh.script(
    "a loop of ssh",
    `cd "$1" || exit
    for job in $(ls | head -n "$3"); do
      $SSH_WORDS sbatch --parsable ${WAIT_WORDS} --job-name="$2" --output=/dev/null <"$job"
    done | wc -l`,
    [directory, name, String(jobs)],
  );
  return Number(printed);
}
