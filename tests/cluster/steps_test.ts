/**
 * Steps of sessions on the real cluster: placed, observed, cancelled and judged by the scheduler.
 */

import assert from "node:assert/strict";
import { SessionBench } from "./support/session_bench.ts";

Deno.test("a step runs in its session, on its nodes, and is judged by its exit code", async () => {
  await using bench = await SessionBench.open();
  const { id, job } = await bench.openSession({ nodes: 2, cpusPerTask: 2, memory: 500 });
  const handed = await bench.steps(id, [
    'echo "on $SLURM_JOB_NODELIST"; echo trouble >&2',
    "exit 3",
    'echo "$SLURM_JOB_NUM_NODES nodes"; srun hostname | sort',
  ], { resources: { cpusPerTask: 1 } });
  const [two] = await bench.steps(id, ['echo "$SLURM_JOB_NUM_NODES nodes"; srun hostname | sort'], {
    resources: { nodes: 2 },
  });
  assert.ok(two !== undefined);
  const ends = await bench.ends([...handed, two]);
  assert.deepEqual(ends.map(({ phase, exitCode }) => [phase, exitCode]), [
    ["succeeded", 0],
    ["failed", 3],
    ["succeeded", 0],
    ["succeeded", 0],
  ]);
  assert.equal(await bench.output(two), "2 nodes\nn1\nn2\n");
  await bench.scheduler.closeSession(id, AbortSignal.timeout(10_000));
  const [end] = await bench.ends([job]);
  assert.equal(end?.phase, "succeeded");
});
