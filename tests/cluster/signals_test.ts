/**
 * Signals to jobs: of choice, and before the time limit; and what becomes of later attempts.
 */

import assert from "node:assert/strict";
import { connectSsh, systemEnvironment } from "../../hosts/mod.ts";
import { attemptId, attemptParts, newJobId, slurmClusterSchema } from "../../model/mod.ts";
import type { AttemptId, JobId } from "../../model/mod.ts";
import { remoteLayout, SlurmPlanner, SlurmScheduler } from "../../schedulers/mod.ts";
import type { CancelMeans, Sighting, Watched } from "../../schedulers/mod.ts";
import { quotePath } from "../../shell/mod.ts";
import { endIn } from "./support/end_in.ts";
import { untilThere } from "./support/gate.ts";
import { until } from "./support/until.ts";
import { jobSpec, shellJob, Workspace } from "./support/workspace.ts";
import type { JobInput } from "./support/workspace.ts";

const never = new AbortController().signal;
const tiny = { memory: 50, cpusPerTask: 1 } as const;

interface Job extends Watched {
  readonly jobId: JobId;
}

/** Slurm's scheduler over a connection, without the actors above it. */
async function open(workspace: Workspace) {
  const host = await connectSsh(slurmClusterSchema.parse(workspace.config()), {
    environment: { ...systemEnvironment, variable: () => undefined },
  });
  const layout = remoteLayout(workspace.remoteDirectory, "server");
  const planner = new SlurmPlanner({ layout, serverId: "server", defaults: {} });
  const scheduler = new SlurmScheduler(host, layout, planner);
  const observe = async (job: Watched): Promise<readonly Sighting[]> =>
    (await scheduler.observe([job], never))
      .toSorted((one, other) => (one.task ?? 0) - (other.task ?? 0))
      .map(({ sighting }) => sighting);
  return {
    host,
    scheduler,
    observe,
    async submit(input: JobInput, id: AttemptId = attemptId(newJobId(), 1)): Promise<Job> {
      const spec = jobSpec({ ...input, resources: { ...tiny, ...input.resources } });
      const [outcome] = await scheduler.submit([{ attemptId: id, spec, recheck: false }], never);
      assert.ok(outcome?.kind === "submitted", JSON.stringify(outcome));
      const { schedulerId } = outcome;
      const tasks = planner.tasks(spec);
      return {
        jobId: attemptParts(id).jobId,
        attemptId: id,
        schedulerId,
        ...(tasks === undefined ? {} : { tasks }),
      };
    },
    cancel(job: Job, means: CancelMeans, task?: number): Promise<void> {
      const { attemptId, schedulerId } = job;
      const which = task === undefined ? {} : { task };
      return scheduler.cancel([{ attemptId, schedulerId, means, ...which }], never);
    },
    /** How a job, or each of its tasks, ended: the state and, where it is the payload's, the exit code. */
    async ended(job: Job): Promise<string> {
      let seen: readonly Sighting[] = [];
      await until("the job has ended", async () => {
        seen = await observe(job);
        return seen.every(({ kind }) => kind === "ended");
      }, 300);
      return seen.map((one) => one.kind === "ended" ? `${one.state} ${one.exitCode}` : "").join();
    },
    /** The words of the record of its end that a job has left. */
    async record(job: Job, name = "exit"): Promise<string> {
      const { stdout } = await host.run(`cat ${quotePath(`${layout.jobs}/${job.jobId}/${name}`)}`);
      return new TextDecoder().decode(stdout).split(" ").slice(2, 4).join(" ");
    },
    async output(job: Job, name = "stdout"): Promise<string> {
      const { stdout } = await host.run(`cat ${quotePath(`${layout.jobs}/${job.jobId}/${name}`)}`);
      return new TextDecoder().decode(stdout);
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await host.close();
    },
  };
}

type Cluster = Awaited<ReturnType<typeof open>>;

/** A job that says `ready` once it can be sent a signal. */
const waits = (trap: string) => shellJob(`${trap}\necho ready\nsleep 100 &\nwait`);

async function ready(cluster: Cluster, job: Job, name?: string): Promise<void> {
  await until(
    "the job is ready",
    async () => (await cluster.output(job, name)).includes("ready\n"),
    200,
  );
}

Deno.test("a signal of choice reaches every process of a job that runs, and its own exit counts", async () => {
  await using workspace = await Workspace.make();
  await using cluster = await open(workspace);
  const signals = ["USR1", "INT", "ALRM", "TERM"] as const;
  const jobs = await Promise.all(signals.map(async (signal) => ({
    signal,
    job: await cluster.submit(waits(`trap 'echo got ${signal}; exit 4' ${signal}`)),
  })));
  const dies = await cluster.submit(waits(""));
  const waiting = await cluster.submit({ ...waits(""), resources: { begin: "now+1hour" } });
  for (const { job } of [...jobs, { job: dies }]) await ready(cluster, job);

  await cluster.cancel(waiting, { kind: "signal", signal: "KILL" });
  for (const { job, signal } of jobs) await cluster.cancel(job, { kind: "signal", signal });
  await cluster.cancel(dies, { kind: "signal", signal: "USR2" });
  for (const { job, signal } of jobs) {
    assert.equal(await cluster.ended(job), "FAILED 4", signal);
    assert.equal(await cluster.record(job), `4 ${signal}`);
    assert.match(await cluster.output(job), new RegExp(`got ${signal}`));
    await cluster.cancel(job, { kind: "signal", signal });
  }
  assert.equal(await cluster.ended(dies), "FAILED 140");
  const [sighting] = await cluster.observe(waiting);
  assert.equal(sighting?.kind, "waiting");
});

Deno.test("what is ended only if it waits goes on when it runs, task by task", async () => {
  await using workspace = await Workspace.make();
  await using cluster = await open(workspace);
  const runs = await cluster.submit(waits(""));
  const waiting = await cluster.submit({ ...waits(""), resources: { begin: "now+1hour" } });
  const array = await cluster.submit({ ...waits(""), resources: { array: "0-4%1" } });
  await ready(cluster, runs);
  await ready(cluster, array, "stdout.0");
  const ifWaiting = { kind: "end_if_waiting" } as const;
  for (const job of [runs, waiting]) await cluster.cancel(job, ifWaiting);
  for (const task of [0, 3]) await cluster.cancel(array, ifWaiting, task);
  assert.equal(await cluster.ended(waiting), "CANCELLED undefined");
  // Of a task that was cancelled before it began, Slurm keeps no record of its own.
  const kinds = async (job: Job) =>
    (await cluster.observe(job)).map(({ kind }) => kind === "missing" ? "ended" : kind);
  assert.deepEqual(await kinds(runs), ["active"]);
  assert.deepEqual(await kinds(array), ["active", "waiting", "waiting", "ended", "waiting"]);
  await cluster.cancel(array, ifWaiting);
  assert.deepEqual(await kinds(array), ["active", "ended", "ended", "ended", "ended"]);
  await cluster.cancel(runs, { kind: "signal", signal: "KILL" });
  assert.match(await cluster.ended(runs), /^CANCELLED /);
});

Deno.test("before its time limit a payload gets the signal at once, whatever it makes of it", async () => {
  await using workspace = await Workspace.make();
  await using cluster = await open(workspace);
  const limited = (script: string, resources: JobInput["resources"] = {}): JobInput => ({
    ...shellJob(script),
    resources: { time: 30, ...resources },
    signalBeforeLimit: { signal: "USR1", seconds: 60 },
  });
  const go = workspace.file("go");
  const saves = "trap 'echo saved; exit 5' USR1; echo ready; while :; do sleep 0.01; done";
  const cases: readonly (readonly [string, JobInput, string, string])[] = [
    ["traps it", limited(saves), "FAILED 5", "5 -"],
    ["dies of it", limited("echo ready; exec sleep 100"), "FAILED 138", "138 -"],
    [
      "ignores it",
      limited(
        `trap '' USR1; echo ready; ${untilThere(go.path)}; exit 6`,
      ),
      "FAILED 6",
      "6 -",
    ],
    [
      "has children",
      limited(`trap : USR1\nsh -c "${saves}"\nexit "1$?"`),
      "FAILED 15",
      "15 -",
    ],
    [
      "runs steps",
      limited(`exec srun --quiet sh -c "${saves}"`),
      "FAILED 5",
      "5 -",
    ],
    [
      "stays until the limit",
      limited(
        "trap 'echo saved' USR1; trap 'echo end; exit 8' TERM; echo ready; while :; do sleep 1; done",
      ),
      "TIMEOUT 8",
      "8 CONT",
    ],
  ];
  const jobs = await Promise.all(
    cases.map(async ([name, input, ...expected]) => ({
      name,
      expected,
      job: await cluster.submit(input),
    })),
  );
  const array = await cluster.submit(limited(saves, { array: "1-2" }));
  for (const { job } of jobs) await ready(cluster, job);
  for (const task of [1, 2]) await ready(cluster, array, `stdout.${task}`);
  for (const { schedulerId } of [...jobs.map(({ job }) => job), array]) {
    await endIn(60, schedulerId);
  }
  for (const { name, expected: [ending, record], job } of jobs) {
    // It goes on after the signal, which those before it have had at the same time.
    if (name === "ignores it") await Deno.writeTextFile(go.path, "");
    assert.equal(await cluster.ended(job), ending, name);
    assert.equal(await cluster.record(job), record, name);
  }
  assert.equal(await cluster.ended(array), "FAILED 5,FAILED 5");
  assert.equal(await cluster.output(array, "stdout.2"), "ready\nsaved\n");
});

Deno.test("a later attempt goes on where the one before has left, and a copy of it runs nothing", async () => {
  await using workspace = await Workspace.make();
  await using cluster = await open(workspace);
  const jobId = newJobId();
  const input = shellJob(
    '[ "$PWD" = "$SLUICE_JOB_DIRECTORY" ] || exit 99\n' +
      'echo "attempt $SLUICE_ATTEMPT" | tee -a checkpoint\nexit "$SLUICE_ATTEMPT"',
  );
  const first = await cluster.submit(input, attemptId(jobId, 1));
  assert.equal(await cluster.ended(first), "FAILED 1");
  const second = await cluster.submit(input, attemptId(jobId, 2));
  assert.equal(await cluster.ended(second), "FAILED 2");
  assert.equal(await cluster.record(second, "attempt-2/exit"), "2 -");

  const directory = quotePath(`${workspace.remoteDirectory}/jobs/${jobId}`);
  const { stdout, stderr } = await cluster.host.run(
    `(cd -- ${directory} && sbatch --parsable --wait --chdir=. --output=copy --comment=copy attempt-2/job.sh ../../spool/server attempt-2)`,
  );
  const copied = new TextDecoder().decode(stdout).trim();
  assert.match(copied, /^\d+$/, new TextDecoder().decode(stderr));
  assert.match(await cluster.output(second, "copy"), /is on record as \d+; this copy does nothing/);
  for (const name of ["stdout", "checkpoint"]) {
    assert.equal(await cluster.output(second, name), "attempt 1\nattempt 2\n");
  }

  await cluster.scheduler.remove([jobId], never);
  assert.deepEqual(await workspace.remoteFiles(), []);
});
