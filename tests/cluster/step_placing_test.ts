/**
 * Steps that are placed by programs that are cut off, killed and started side by side: each runs once.
 */

import assert from "node:assert/strict";
import { jobSpec, shellJob } from "./support/workspace.ts";
import { SessionBench } from "./support/session_bench.ts";
import { remoteLayout, SlurmPlanner } from "../../schedulers/mod.ts";
import { placeProgram } from "../../schedulers/slurm/place_program.ts";
import { quote } from "../../shell/mod.ts";

const SERVER_ID = "steps";

Deno.test("steps run once each, however often the programs that place them are killed", async () => {
  await using bench = await SessionBench.open();
  const { id } = await bench.openSession({ nodes: 2, cpusPerTask: 4, memory: 500 });
  const submissions = Array.from(
    { length: 24 },
    () => bench.submission(jobSpec(shellJob("echo ran >>runs; sleep 0.2")), id),
  );
  const root = bench.workspace.remoteDirectory;
  const layout = remoteLayout(root, SERVER_ID);
  const planner = new SlurmPlanner({ layout, serverId: SERVER_ID, defaults: {} });
  const program = placeProgram(
    root,
    layout.spool,
    submissions.map(({ attemptId, spec }) => planner.planStep(attemptId, spec, id)),
  );
  await bench.host.run(`printf %s ${quote(program)} >${root}.program`);
  // Each a little later than the one before: somewhere between nothing and everything is done.
  for (let milliseconds = 2; milliseconds < 120; milliseconds += 6) {
    const seconds = (milliseconds / 1000).toFixed(3);
    await bench.host.run(`timeout -s KILL ${seconds} sh <${root}.program >/dev/null 2>&1`);
  }
  const all = await Promise.all([
    bench.scheduler.submit(submissions, AbortSignal.timeout(60_000)),
    bench.host.run(`sh <${root}.program`, { lane: "one" }),
    bench.host.run(`sh <${root}.program`, { lane: "other" }),
  ]);
  const handed = submissions.map((one) => bench.handed(one, all[0]));
  const ends = await bench.ends(handed);
  assert.deepEqual(ends.map(({ phase }) => phase), handed.map(() => "succeeded"));
  // And once more, now that they have ended.
  await bench.scheduler.submit(
    submissions.map((one) => ({ ...one, recheck: true })),
    AbortSignal.timeout(60_000),
  );
  await bench.until("nothing waits or runs", async () => {
    const [seen] = await bench.scheduler.inspect(
      [{ sessionId: id, nodes: [] }],
      AbortSignal.timeout(60_000),
    );
    return seen?.waiting === 0 && seen.running === 0;
  });
  for (const { jobId } of handed) {
    assert.equal(await bench.shell(`cat ${jobId}/runs ${jobId}/stderr`), "ran\n");
  }
  assert.equal(await bench.shell(`ls -A ${id}/inbox`), "", "no entry is left");
});
