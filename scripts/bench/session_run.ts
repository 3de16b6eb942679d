/**
 * How long the call of a function takes in an open session.
 *
 * @module
 */

import { connectSsh } from "../../hosts/mod.ts";
import type { Host } from "../../hosts/mod.ts";
import { allocationJob, pythonFunction } from "../../mod.ts";
import { quote } from "../../shell/mod.ts";
import { until } from "../../tests/cluster/support/until.ts";
import { DEV, Workspace } from "../../tests/cluster/support/workspace.ts";
import type { Row } from "./benchmark.ts";
import { median, quantile, rounded } from "./measure.ts";

/** Calls that count of each side, one after the other in turns, and before them some that do not. */
const CALLS = 40;
const WARM_UP = 5;

const nothing = pythonFunction({ text: "def nothing():\n    pass\n", name: "nothing" });

/**
 * Measures in turns, in ms: `sluice.run` of a function in Python that does nothing, from the call until its value
 * is there; and, as the limit, `srun python3 -c pass` in the same allocation, which somebody on the login node calls,
 * from the call until srun has ended.
 */
export async function runFunctions(tell: (row: Row) => void): Promise<void> {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  await using session = await sluice.sessions.hold({
    cluster: DEV,
    resources: { nodes: 1, cpusPerTask: 4, memory: 1000, time: 10 },
  });
  const config = workspace.config();
  if (config.type !== "slurm") throw new Error("the test cluster has no Slurm");
  await using host = await connectSsh(config);
  await until(
    "the session has its nodes",
    async () => (await sluice.sessions.get(session.id)).status === "open",
    100,
  );
  const { schedulerId = "" } = await sluice.jobs.get(allocationJob(session.id));
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < WARM_UP + CALLS; round++) {
    const begun = performance.now();
    await sluice.run(nothing, [], {
      cluster: DEV,
      session: session.id,
      resources: { memory: 50 },
    });
    const measured = { ours: performance.now() - begun, bare: await bareSrun(host, schedulerId) };
    if (round < WARM_UP) continue;
    ours.push(measured.ours);
    bare.push(measured.bare);
  }
  tell({
    case: "run",
    unit: "ms",
    better: "lower",
    ours: rounded(median(ours)),
    limit: rounded(median(bare)),
    peers: {},
    figures: {
      p50: rounded(median(ours)),
      p99: rounded(quantile(ours, 0.99)),
      limitP99: rounded(quantile(bare, 0.99)),
      moreThanSrun: rounded(median(ours) - median(bare)),
    },
  });
}

/** Time of a bare srun in the same allocation. */
async function bareSrun(host: Host, slurmId: string): Promise<number> {
  const words = "--exact --nodes=1 --ntasks=1 --cpus-per-task=1 --mem=0";
  const command = `date +%s%N; srun --jobid=${
    quote(slurmId)
  } ${words} python3 -c pass </dev/null; date +%s%N`;
  const { stdout } = await host.run(command, { lane: "bench" });
  const [called = NaN, ended = NaN] = new TextDecoder().decode(stdout).trim().split("\n").map(
    Number,
  );
  return (ended - called) / 1e6;
}
