/**
 * A spec that is to run many times: one submission, and a job in the feed for each copy.
 */

import assert from "node:assert/strict";
import type { JobEvent } from "../../model/mod.ts";
import { onCluster } from "../../scripts/testbed/mod.ts";
import { quote } from "../../shell/mod.ts";
import { assertInOrder, endedJobs, Following } from "./support/events.ts";
import { readAll, utf8 } from "./support/output.ts";
import { jobSpec, shellJob, Workspace } from "./support/workspace.ts";

const COPIES = 200;
/** The copies that fail. */
const FAILING = [7, 199];

/** The numbers of the tasks that have an event of the type. */
function tasksWith(events: readonly JobEvent[], type: JobEvent["fact"]["type"]): Set<number> {
  return new Set(
    events.flatMap(({ fact }) =>
      fact.type === type && "task" in fact && fact.task !== undefined ? [fact.task] : []
    ),
  );
}

Deno.test("200 copies of a spec are one submission, and each waits, runs and ends in the feed", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open({ poll: { minSeconds: 0.5, maxSeconds: 1 } });
  const go = workspace.file("go");
  const lettingGo: Promise<void>[] = [];
  await using feed = new Following(async function* (signal) {
    for await (const event of sluice.jobs.events({}, { signal })) {
      const { fact } = event;
      if (fact.type === "running" && fact.task !== undefined) {
        lettingGo.push(Deno.writeTextFile(`${go.path}.${fact.task}`, ""));
      }
      yield event;
    }
  });
  const failing = FAILING.map((task) => `[ "$SLURM_ARRAY_TASK_ID" != ${task} ] || exit 3`);
  const { id, tasks } = await sluice.jobs.submit(jobSpec(shellJob(
    // Each runs until it has been seen to run.
    [
      'echo "copy $SLURM_ARRAY_TASK_ID"',
      `until [ -e ${quote(go.path)}."$SLURM_ARRAY_TASK_ID" ]; do sleep 0.1; done`,
      ...failing,
    ].join("\n"),
    // Held until each has been seen to wait.
    { count: COPIES, resources: { memory: 10, time: 5 }, options: { hold: true } },
  )));
  assert.deepEqual(tasks?.map(({ task }) => task), Array.from({ length: COPIES }, (_, n) => n));
  await feed.until((events) => tasksWith(events, "queued").size === COPIES);

  const ids = (await workspace.slurmJobs()).map((job) => job.id.split("_")[0]);
  assert.equal(ids.length, COPIES);
  const [slurmId, ...others] = new Set(ids);
  assert.deepEqual(others, [], "there was one sbatch");
  const released = await onCluster(["scontrol", "release", slurmId ?? ""], { root: true });
  assert.equal(released.code, 0, released.stderr);

  await feed.until((events) => endedJobs(events).has(id));
  await Promise.all(lettingGo);
  assertInOrder(feed.events);
  assert.equal(tasksWith(feed.events, "running").size, COPIES);
  const ends = feed.events.flatMap(({ fact }) =>
    fact.type === "ended" && fact.task !== undefined ? [fact] : []
  );
  assert.equal(ends.length, COPIES);
  assert.equal(new Set(ends.map(({ task }) => task)).size, COPIES);
  for (const { task = -1, phase, exitCode } of ends) {
    const [ended, status] = FAILING.includes(task) ? ["failed", 3] : ["succeeded", 0];
    assert.deepEqual([phase, exitCode], [ended, status], `task ${task}`);
  }

  const view = await sluice.jobs.get(id);
  assert.equal(view.spec.count, COPIES, "what was asked for is kept as it was");
  assert.deepEqual(view.taskPhases, { succeeded: COPIES - FAILING.length, failed: FAILING.length });
  const [listed] = (await sluice.jobs.list()).jobs;
  assert.deepEqual(listed?.taskPhases, view.taskPhases);
  const printed = await readAll(sluice.jobs.logs({ jobId: id, task: 42, follow: false }));
  assert.deepEqual(printed, utf8("copy 42\n"));
});
