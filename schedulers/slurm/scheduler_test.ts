import assert from "node:assert/strict";
import { openLocal } from "../../hosts/mod.ts";
import { jobSpecSchema, newJobId, schedulerIdSchema } from "../../model/mod.ts";
import type { JobId } from "../../model/mod.ts";
import { quote } from "../../shell/mod.ts";
import { remoteLayout } from "../layout.ts";
import type { Watched } from "../scheduler.ts";
import { FakeSlurm } from "../testing/fake_slurm.ts";
import { SlurmPlanner } from "./planner.ts";
import { SlurmScheduler } from "./scheduler.ts";

const never = new AbortController().signal;

/** A line of squeue's, as the scheduler asks for it. */
function queueLine(id: string, state: string, comment: string): string {
  const nothing = "N/A";
  const fields = [id, state, "None", "0:0", "0", "n1", nothing, nothing, nothing, comment];
  return `${fields.join("\x1f")}\x1e\n`;
}

const mark = (jobId: JobId) => `sluice:${jobId}`;

function watch(id: string, jobId: JobId = newJobId()): Watched {
  return { jobId, schedulerId: schedulerIdSchema.parse(id) };
}

/** A test with stand-ins for Slurm on the host's PATH, without accounting. */
function slurmTest(
  name: string,
  body: (scheduler: SlurmScheduler, fake: FakeSlurm) => Promise<void>,
): void {
  Deno.test(name, async () => {
    await using fake = await FakeSlurm.create();
    await fake.command("scontrol", "echo 'AccountingStorageType = accounting_storage/none'");
    const prelude = `PATH=${quote(fake.bin)}:$PATH`;
    await using host = await openLocal({ shell: { command: "sh", login: false, prelude } });
    const layout = remoteLayout(fake.root, "server");
    const planner = new SlurmPlanner({ layout, serverId: "server", defaults: {} });
    await body(new SlurmScheduler(host, layout, planner), fake);
  });
}

/** Makes squeue print exactly the text. */
function queue(fake: FakeSlurm, text: string): Promise<void> {
  return fake.squeue(`printf %s ${quote(text)}`);
}

slurmTest("each job is seen as the queue has it", async (scheduler, fake) => {
  const [one, two] = [watch("12"), watch("13")];
  await queue(
    fake,
    queueLine("12", "RUNNING", mark(one.jobId)) + queueLine("13", "PENDING", mark(two.jobId)),
  );
  const seen = await scheduler.observe([one, two], never);
  assert.deepEqual(seen.map(({ jobId, sighting }) => [jobId, sighting.kind]), [
    [one.jobId, "active"],
    [two.jobId, "waiting"],
  ]);
});

slurmTest("an id that was used again is another job's", async (scheduler, fake) => {
  const job = watch("12");
  for (const comment of [mark(newJobId()), "", "sluice:", `x${mark(job.jobId)}`]) {
    await queue(fake, queueLine("12", "COMPLETED", comment));
    const [seen] = await scheduler.observe([job], never);
    assert.equal(seen?.sighting.kind, "missing", comment);
  }
});

slurmTest("a queue that cannot be read says nothing of anybody", async (scheduler, fake) => {
  await fake.squeue("echo 'slurm_load_jobs error: Unable to contact' >&2; exit 1");
  await assert.rejects(scheduler.observe([watch("12")], never), {
    code: "SCHEDULER_UNAVAILABLE",
    message: /Unable to contact/,
  });
});

slurmTest(
  "a batch has an outcome for every job, also for one that cannot be planned",
  async (scheduler, fake) => {
    const spec = (resources: object) =>
      jobSpecSchema.parse({
        cluster: "here",
        payload: { kind: "command", command: ["true"] },
        resources,
      });
    const jobs = [{}, { time: "forever" }, {}].map((resources) => ({
      jobId: newJobId(),
      spec: spec(resources),
      recheck: false,
    }));
    const outcomes = await scheduler.submit(jobs, never);
    const kinds = new Map(outcomes.map(({ jobId, kind }) => [jobId, kind]));
    assert.deepEqual(jobs.map(({ jobId }) => kinds.get(jobId)), [
      "submitted",
      "rejected",
      "submitted",
    ]);
    assert.equal(await fake.asked(), 2);
  },
);

slurmTest(
  "asked again with a recheck, a submission is found and not repeated",
  async (scheduler, fake) => {
    const spec = jobSpecSchema.parse({
      cluster: "here",
      payload: { kind: "command", command: ["echo", "it's $HOME"] },
    });
    const jobId = newJobId();
    const [first] = await scheduler.submit([{ jobId, spec, recheck: false }], never);
    const [again] = await scheduler.submit([{ jobId, spec, recheck: true }], never);
    assert.ok(first?.kind === "submitted");
    assert.deepEqual(again, first);
    assert.equal(await fake.asked(), 1);
  },
);
