import { quote } from "../../shell/mod.ts";
import { SessionBench } from "../../tests/cluster/support/session_bench.ts";
import type { Benchmark, Row } from "./benchmark.ts";
import { median, quantile, rounded } from "./measure.ts";
import { runFunctions } from "./session_run.ts";

/** Starts that count of each side, one after the other in turns, and before them some that do not. */
const STARTS = 40;
const WARM_UP = 5;

/**
 * How long the start of a step takes, in ms: from the request to the payload's first instruction, which takes
 * the time itself, by the clock of this machine. Ours is handed to the scheduler over SSH, and begins with
 * a record on disk of everything that Sluice promises; the limit is a bare `srun` that somebody on the login
 * node calls for the same allocation, from the moment at which it is called.
 *
 * The peer is a job of its own, which Slurm starts as soon as it can, on nodes that are free.
 *
 * And how long a function takes to return: see {@linkcode runFunctions}.
 */
export const session: Benchmark = {
  about: "how long a step of a session takes to start, and a function to return",
  onCluster: true,
  async run(tell) {
    await startSteps(tell);
    await runFunctions(tell);
  },
};

async function startSteps(tell: (row: Row) => void): Promise<void> {
  await using bench = await SessionBench.open();
  const { id, job } = await bench.openSession({ nodes: 1, cpusPerTask: 4, memory: 1000 });
  const ours: number[] = [];
  const bare: number[] = [];
  const own: number[] = [];
  for (let round = 0; round < WARM_UP + STARTS; round++) {
    const measured = {
      ours: await startOfStep(bench, id),
      bare: await startOfSrun(bench, job.schedulerId),
      own: await startOfStep(bench, undefined),
    };
    if (round < WARM_UP) continue;
    ours.push(measured.ours);
    bare.push(measured.bare);
    own.push(measured.own);
  }
  tell({
    case: "start",
    unit: "ms",
    better: "lower",
    ours: rounded(median(ours)),
    limit: rounded(median(bare)),
    peers: { sbatch: rounded(median(own)) },
    figures: {
      p50: rounded(median(ours)),
      p99: rounded(quantile(ours, 0.99)),
      limitP99: rounded(quantile(bare, 0.99)),
      moreThanSrun: rounded(median(ours) - median(bare)),
    },
  });
}

/** Time until a step, or a job of its own, has begun. */
async function startOfStep(
  bench: SessionBench,
  session: Parameters<SessionBench["submission"]>[1],
): Promise<number> {
  const submission = bench.submissionOf("date +%s%N >started", session);
  const asked = Date.now();
  const [handed] = await bench.submit([submission]);
  if (handed === undefined) throw new Error("nothing was handed over");
  await bench.until("it has begun", async () => (await started(bench, handed.jobId)) > 0, 20);
  const began = await started(bench, handed.jobId);
  await bench.ends([handed]);
  return began - asked;
}

async function started(bench: SessionBench, directory: string): Promise<number> {
  return Math.round(Number(await bench.shell(`cat ${quote(directory)}/started 2>/dev/null`)) / 1e6);
}

/** Time until a bare srun has begun in the same allocation. */
async function startOfSrun(bench: SessionBench, slurmId: string): Promise<number> {
  const words = "--exact --nodes=1 --ntasks=1 --cpus-per-task=1 --mem=0";
  const printed = await bench.shell(
    `date +%s%N; srun --jobid=${quote(slurmId)} ${words} date +%s%N`,
  );
  const [called = NaN, began = NaN] = printed.trim().split("\n").map(Number);
  return (began - called) / 1e6;
}
