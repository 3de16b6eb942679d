/**
 * Jobs that slurmctld has given ids to and then lost, since it was killed before it saved them.
 */

import assert from "node:assert/strict";
import { onCluster, saveController, startDaemon, stopDaemon } from "../../scripts/testbed/mod.ts";
import { quote } from "../../shell/mod.ts";
import { endedJobs, Following } from "./support/events.ts";
import { until } from "./support/until.ts";
import { jobSpec, shellJob, Workspace } from "./support/workspace.ts";

Deno.test("what slurmctld lost before it began runs all the same, each job and task once", async () => {
  await using workspace = await Workspace.make();
  // Else slurmctld would also lose how jobs of others have just ended, which would hold their processors for long.
  await saveController();
  const ran = workspace.file("ran");
  const script = `echo "$SLUICE_JOB_ID \${SLURM_ARRAY_TASK_ID:--}" >>${quote(ran.path)}`;
  // All wait until they are let go, so that nothing has begun when slurmctld is killed.
  const resources = { begin: "now+1hour", memory: 50 } as const;
  await using sluice = await workspace.open();
  await using feed = new Following((signal) => sluice.jobs.events({}, { signal }));
  const [job, array, unwanted] = await sluice.jobs.submitMany([
    jobSpec(shellJob(script, { resources })),
    jobSpec(shellJob(script, { resources: { ...resources, array: "0-2" } })),
    jobSpec(shellJob(script, { resources })),
  ]);
  assert.ok(job !== undefined && array !== undefined && unwanted !== undefined);
  await feed.until((events) => events.filter(({ fact }) => fact.type === "submitted").length === 3);
  // slurmctld saves its state some seconds after something has changed.
  await stopDaemon("slurmctld", { signal: "KILL" });
  await startDaemon("slurmctld");
  await sluice.jobs.cancel(unwanted.id);
  await until("all have ended", async () => {
    // Those that Slurm has kept, and those that take the place of what it has lost.
    for (const { id, comment, state } of await workspace.slurmJobs()) {
      if (state !== "PENDING" || comment.includes(unwanted.id)) continue;
      const words = ["scontrol", "update", `jobid=${id.replace(/_.*$/, "")}`, "StartTime=now"];
      await onCluster(words, { root: true });
    }
    return endedJobs(feed.events).size === 3;
  }, 500);

  for (const { id } of [job, array]) {
    const { phase, attempt, attempts } = await sluice.jobs.get(id);
    assert.equal(phase, "succeeded");
    // Whether Slurm loses a job is up to Slurm.
    assert.equal(attempts.length, attempt - 1);
    for (const { reason } of attempts) assert.equal(reason?.code, "SchedulerLostJob");
  }
  assert.equal((await sluice.jobs.get(unwanted.id)).phase, "cancelled");
  const expected = [`${job.id} -`, ...[0, 1, 2].map((task) => `${array.id} ${task}`)];
  assert.deepEqual((await ran.read()).trim().split("\n").sort(), expected.sort());
});
