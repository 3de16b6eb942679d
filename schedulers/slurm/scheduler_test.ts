import assert from "node:assert/strict";
import { join } from "node:path";
import { openLocal } from "../../hosts/mod.ts";
import {
  attemptId,
  attemptParts,
  jobSpecSchema,
  newJobId,
  schedulerIdSchema,
} from "../../model/mod.ts";
import type { AttemptId, SignalName } from "../../model/mod.ts";
import { quote } from "../../shell/mod.ts";
import { remoteLayout } from "../layout.ts";
import type { Cancellation, CancelMeans, Watched } from "../scheduler.ts";
import { newAttempt } from "../testing/attempts.ts";
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

const mark = (attemptId: AttemptId) => `sluice:${attemptId}`;

function watch(id: string, attemptId: AttemptId = newAttempt()): Watched {
  return { attemptId, schedulerId: schedulerIdSchema.parse(id) };
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
    queueLine("12", "RUNNING", mark(one.attemptId)) +
      queueLine("13", "PENDING", mark(two.attemptId)),
  );
  const seen = await scheduler.observe([one, two], never);
  assert.deepEqual(seen.map(({ attemptId, sighting }) => [attemptId, sighting.kind]), [
    [one.attemptId, "active"],
    [two.attemptId, "waiting"],
  ]);
});

slurmTest(
  "components are judged by their own records while the queue shows them running",
  async (scheduler, fake) => {
    const job = { ...watch("12"), tasks: [0, 1, 2], components: true as const };
    const directory = join(fake.root, "jobs", job.attemptId);
    await Deno.mkdir(directory, { recursive: true });
    await Deno.writeTextFile(join(directory, "exit.1"), "12 0 3 - 100 200\n");
    await Deno.symlink("12", join(directory, "begun.1"));
    await queue(
      fake,
      queueLine("12+0", "RUNNING", mark(job.attemptId)) +
        queueLine("12+1", "RUNNING", `${mark(job.attemptId)}+1`) +
        queueLine("12+2", "TIMEOUT", `${mark(job.attemptId)}+2`),
    );
    const seen = await scheduler.observe([job], never);
    assert.deepEqual(
      seen.map(({ task, sighting }) => [task, "state" in sighting ? sighting.state : sighting.kind])
        .toSorted(),
      [[0, "RUNNING"], [1, "FAILED"], [2, "TIMEOUT"]],
    );
  },
);

slurmTest("an id that was used again is another job's", async (scheduler, fake) => {
  const job = watch("12");
  for (const comment of [mark(newAttempt()), "", "sluice:", `x${mark(job.attemptId)}`]) {
    await queue(fake, queueLine("12", "COMPLETED", comment));
    const [seen] = await scheduler.observe([job], never);
    assert.equal(seen?.sighting.kind, "missing", comment);
  }
});

slurmTest(
  "an array is missing whose id was used again, though accounting has it waiting",
  async (scheduler, fake) => {
    const array = { ...watch("20"), tasks: [0, 1, 2] };
    await fake.command("scontrol", "echo 'AccountingStorageType = accounting_storage/slurmdbd'");
    const { jobId } = attemptParts(array.attemptId);
    const other = attemptParts(newAttempt()).jobId;
    const line = (id: string, state: string, job: string) =>
      [
        id,
        state,
        "0:0",
        "1",
        "Unknown",
        "Unknown",
        "",
        "None",
        `/jobs/${job}/.`,
      ]
        .join("\x1f");
    for (
      const known of [
        [line("20_[0-2%1]", "PENDING", jobId)],
        [line("20_0", "COMPLETED", other), line("20_[1-2]", "PENDING", other)],
        [line("20", "FAILED", other)],
        [],
      ]
    ) {
      const text = known.map((one) => `${one}\n`).join("");
      await fake.command("sacct", `printf %s ${quote(text)}`);
      await queue(
        fake,
        queueLine("20_0", "RUNNING", mark(newAttempt())) +
          queueLine("20", "PENDING", mark(newAttempt())),
      );
      const seen = await scheduler.observe([array], never);
      assert.deepEqual(seen.map(({ task, sighting }) => [task, sighting.kind]), [
        [0, "missing"],
        [1, "missing"],
        [2, "missing"],
      ], text);
    }
  },
);

slurmTest("a copy that is not the job on record leaves the queue", async (scheduler, fake) => {
  const log = join(fake.bin, "cancelled");
  await fake.command("scancel", `echo "$@" >>${quote(log)}; echo trouble >&2; exit 1`);
  const [one, array] = [watch("12"), { ...watch("20"), tasks: [1, 2] }];
  const job = newJobId();
  const second = watch("40", attemptId(job, 2));
  await queue(
    fake,
    queueLine("12", "RUNNING", mark(one.attemptId)) +
      queueLine("39", "PENDING", mark(attemptId(job, 1))) +
      queueLine("40", "PENDING", mark(second.attemptId)) +
      queueLine("41", "PENDING", mark(attemptId(job, 3))) +
      queueLine("13", "PENDING", mark(one.attemptId)) +
      queueLine("14", "COMPLETED", mark(one.attemptId)) +
      queueLine("15", "PENDING", mark(newAttempt())) +
      queueLine("16", "PENDING", "") +
      queueLine("20_1", "RUNNING", mark(array.attemptId)) +
      queueLine("20_2", "PENDING", mark(array.attemptId)) +
      queueLine("30_1", "PENDING", mark(array.attemptId)) +
      queueLine("30_2", "PENDING", mark(array.attemptId)),
  );
  const seen = await scheduler.observe([one, array, second], never);
  assert.deepEqual(seen.map(({ sighting }) => sighting.kind), [
    "active",
    "active",
    "waiting",
    "waiting",
  ]);
  assert.equal(await Deno.readTextFile(log), "39 13 30\n");
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
      attemptId: newAttempt(),
      spec: spec(resources),
      recheck: false,
    }));
    const outcomes = await scheduler.submit(jobs, never);
    const kinds = new Map(outcomes.map(({ attemptId, kind }) => [attemptId, kind]));
    assert.deepEqual(jobs.map(({ attemptId }) => kinds.get(attemptId)), [
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
    const attemptId = newAttempt();
    const [first] = await scheduler.submit([{ attemptId, spec, recheck: false }], never);
    const [again] = await scheduler.submit([{ attemptId, spec, recheck: true }], never);
    assert.ok(first?.kind === "submitted");
    assert.deepEqual(again, first);
    assert.equal(await fake.asked(), 1);
  },
);

slurmTest("jobs are ended by one command for each means", async (scheduler, fake) => {
  const log = join(fake.bin, "cancelled");
  await fake.command("scancel", `echo "$@" >>${quote(log)}`);
  const one = (id: string, means: CancelMeans, task?: number): Cancellation => ({
    attemptId: newAttempt(),
    schedulerId: schedulerIdSchema.parse(id),
    means,
    ...(task === undefined ? {} : { task }),
  });
  const end = { kind: "end" } as const;
  const ifWaiting = { kind: "end_if_waiting" } as const;
  const signal = (signal: SignalName) => ({ kind: "signal", signal }) as const;
  const wanted = [
    one("12", end),
    one("13", signal("USR1")),
    one("14", ifWaiting),
    one("15", end, 3),
    one("16", signal("USR1"), 4),
    one("17", signal("INT")),
    one("18", ifWaiting),
  ];
  const lines = wanted.map(({ attemptId, schedulerId, task }) =>
    queueLine(
      task === undefined ? schedulerId : `${schedulerId}_${task}`,
      "RUNNING",
      mark(attemptId),
    )
  );
  await queue(fake, lines.join(""));
  await scheduler.cancel(wanted, never);
  assert.deepEqual((await Deno.readTextFile(log)).trim().split("\n"), [
    "12 15_3",
    "--state=RUNNING --full --signal=USR1 13 16_4",
    "--state=PENDING 14 18",
    "--state=RUNNING --full --signal=INT 17",
  ]);
});

slurmTest(
  "of an array, only the named tasks that wait are ended, and nothing where none does",
  async (scheduler, fake) => {
    const log = join(fake.bin, "cancelled");
    await fake.command("scancel", `echo "$@" >>${quote(log)}`);
    const attemptId = newAttempt();
    const lines = ["PENDING", "RUNNING", "PENDING", "COMPLETED"].map((state, task) =>
      queueLine(`20_${task}`, state, mark(attemptId))
    );
    await queue(fake, lines.join(""));
    const tasks = (...numbers: number[]) =>
      numbers.map((task): Cancellation => ({
        attemptId,
        schedulerId: schedulerIdSchema.parse("20"),
        task,
        means: { kind: "end_if_waiting" },
      }));
    await scheduler.cancel(tasks(1, 3, 7), never);
    await scheduler.cancel(tasks(1, 2, 3), never);
    assert.equal(await Deno.readTextFile(log), "20_2\n");
  },
);

slurmTest(
  "only what carries the mark of the attempt is ended: an id may be another job's by now",
  async (scheduler, fake) => {
    const log = join(fake.bin, "cancelled");
    await fake.command("scancel", `echo "$@" >>${quote(log)}`);
    const [own, lost, gone, array] = [watch("12"), watch("13"), watch("14"), watch("20")];
    await queue(
      fake,
      queueLine("12", "PENDING", mark(own.attemptId)) +
        queueLine("13", "PENDING", mark(newAttempt())) +
        queueLine("13_1", "PENDING", "") +
        queueLine("15", "PENDING", mark(gone.attemptId)) +
        queueLine("20_1", "RUNNING", mark(array.attemptId)) +
        queueLine("20_2", "RUNNING", mark(newAttempt())),
    );
    const ways: CancelMeans[] = [
      { kind: "end" },
      { kind: "end_if_waiting" },
      { kind: "signal", signal: "USR1" },
    ];
    const all = [own, lost, { ...lost, task: 1 }, gone, array, { ...array, task: 2 }];
    for (const means of ways) {
      await scheduler.cancel(all.map((job) => ({ ...job, means })), never);
    }
    assert.deepEqual((await Deno.readTextFile(log)).trim().split("\n"), [
      "12 20",
      "--state=PENDING 12 20",
      "--state=RUNNING --full --signal=USR1 12 20",
    ]);
    await queue(fake, queueLine("13", "RUNNING", mark(newAttempt())));
    await scheduler.cancel([{ ...lost, means: { kind: "end" } }], never);
    assert.equal((await Deno.readTextFile(log)).trim().split("\n").length, 3);
  },
);

slurmTest("what scancel says of jobs that are gone is no error", async (scheduler, fake) => {
  const job: Cancellation = { ...watch("12"), means: { kind: "signal", signal: "USR1" } };
  await queue(fake, queueLine("12", "RUNNING", mark(job.attemptId)));
  const says = (words: string) => fake.command("scancel", `echo ${quote(words)} >&2; exit 1`);
  for (const words of ["Invalid job id specified", "Job/step already completing or completed"]) {
    await says(`scancel: error: Kill job error on job id 12: ${words}`);
    await scheduler.cancel([job], never);
  }
  await says("scancel: error: Kill job error on job id 12: Access/permission denied");
  await assert.rejects(scheduler.cancel([job], never), { code: "SCHEDULER_UNAVAILABLE" });
});

slurmTest(
  "only what slurmctld took before it was started anew, and accounting knows no end of, is lost",
  async (scheduler, fake) => {
    const now = performance.timeOrigin + performance.now();
    const [before, after] = [watch("12"), watch("13")];
    const watched = [
      { ...before, submittedAt: now - 3_600_000 },
      // slurmctld has been running for a minute then.
      { ...after, submittedAt: now + 60_000 },
    ];
    const config = (accounting: string) =>
      `printf '%s\\n' 'Configuration data as of 1795216575' 'BOOT_TIME = 1795216515' ` +
      `'AccountingStorageType = accounting_storage/${accounting}'`;
    const lost = async (scheduler: SlurmScheduler) =>
      (await scheduler.observe(watched, never)).map(({ sighting }) =>
        sighting.kind === "missing" && sighting.lost === true
      );
    await queue(fake, "");
    await fake.command("sacct", "exit 0");
    assert.deepEqual(await lost(scheduler), [false, false], "there is no accounting to answer");
    await fake.command("scontrol", config("slurmdbd"));
    await scheduler.probe(never).catch(() => {});
    assert.deepEqual(await lost(scheduler), [true, false]);
    await fake.command("sacct", "exit 1");
    assert.deepEqual(await lost(scheduler), [false, false], "accounting is away");
  },
);
