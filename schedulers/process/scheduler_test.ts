import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { openLocal } from "../../hosts/mod.ts";
import type { Host, HostStream } from "../../hosts/mod.ts";
import { attemptId, jobSpecSchema, newJobId, schedulerIdSchema } from "../../model/mod.ts";
import type { AttemptId, JobSpecInput, LocalClusterConfig, SchedulerId } from "../../model/mod.ts";
import { quotePath } from "../../shell/mod.ts";
import { remoteLayout } from "../layout.ts";
import type { RemoteLayout } from "../layout.ts";
import type { Observation, Sighting } from "../scheduler.ts";
import { newAttempt } from "../testing/attempts.ts";
import { SHELLS } from "../testing/shells.ts";
import { ProcessPlanner } from "./planner.ts";
import { ProcessScheduler } from "./scheduler.ts";

const never = new AbortController().signal;

/** This machine as a cluster, below a directory of its own. */
class Here implements AsyncDisposable {
  readonly layout: RemoteLayout;
  readonly scheduler: ProcessScheduler;
  readonly #started: SchedulerId[] = [];

  private constructor(
    readonly host: Host,
    readonly directory: string,
    resources: LocalClusterConfig["resources"],
  ) {
    this.layout = remoteLayout(`${directory}/it's here`, "server");
    this.scheduler = new ProcessScheduler(
      host,
      this.layout,
      new ProcessPlanner(this.layout, "server", { resources }),
    );
  }

  static async open(
    shell: string,
    resources: LocalClusterConfig["resources"],
  ): Promise<Here> {
    // As some people set up their shells: `>` overwrites no file.
    const host = await openLocal({ shell: { command: shell, login: false, prelude: "set -C" } });
    const directory = await Deno.makeTempDir({ prefix: "sluice-process-" });
    return new Here(host, directory, resources);
  }

  async start(
    script: string,
    input: Partial<JobSpecInput> = {},
    attemptId: AttemptId = newAttempt(),
  ) {
    const spec = jobSpecSchema.parse({
      cluster: "here",
      payload: { kind: "command", command: ["sh", "-c", script] },
      ...input,
    });
    let [outcome] = await this.scheduler.submit([{ attemptId, spec, recheck: false }], never);
    // A busy machine may take its time to start it, which is no reason to start another.
    while (outcome?.kind === "postponed" && outcome.maybeSent) {
      [outcome] = await this.scheduler.submit([{ attemptId, spec, recheck: true }], never);
    }
    assert.ok(outcome?.kind === "submitted", JSON.stringify(outcome));
    this.#started.push(outcome.schedulerId);
    return { attemptId, schedulerId: outcome.schedulerId };
  }

  /** What is seen of a job once it is no longer at work. */
  async ended(job: { readonly attemptId: AttemptId; readonly schedulerId: SchedulerId }) {
    for (;;) {
      const [seen] = await this.scheduler.observe([job], never);
      if (seen?.sighting.kind !== "active") return seen?.sighting;
      await delay(10);
    }
  }

  file(attemptId: AttemptId, name: string): string {
    return `${this.layout.jobs}/${attemptId}/${name}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of this.#started) {
      await new Deno.Command("kill", {
        args: ["-s", "KILL", "--", `-${id.slice(1)}`],
        stderr: "null",
      })
        .output();
    }
    await this.host.close();
    await Deno.remove(this.directory, { recursive: true });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const ending = (job: { readonly attemptId: AttemptId; readonly schedulerId: SchedulerId }) => ({
  ...job,
  means: { kind: "end" } as const,
});

function hereTest(
  name: string,
  body: (here: Here) => Promise<void>,
  resources: LocalClusterConfig["resources"] = "refuse",
): void {
  for (const shell of SHELLS) {
    Deno.test(`${name} (${shell})`, async () => {
      await using here = await Here.open(shell, resources);
      await body(here);
    });
  }
}

const kind = (sighting: Sighting | undefined) =>
  sighting?.kind === "ended" ? `${sighting.phase} ${sighting.exitCode}` : sighting?.kind;

hereTest("a job runs to its end, whatever that is", async (here) => {
  for (const [script, end] of [["exit 0", "succeeded 0"], ["exit 3", "failed 3"]] as const) {
    assert.equal(kind(await here.ended(await here.start(script))), end);
  }
  const killed = await here.ended(await here.start("kill -s KILL $$"));
  assert.ok(killed?.kind === "ended" && killed.signal === 9);
});

hereTest("started twice, a job runs once", async (here) => {
  const attemptId = newAttempt();
  const script = `echo ran >>'${here.directory}/ran'`;
  const ids = await Promise.all(
    [1, 2, 3].map(() => here.start(script, {}, attemptId)),
  );
  assert.equal(new Set(ids.map(({ schedulerId }) => schedulerId)).size, 1);
  const [job] = ids;
  assert.ok(job !== undefined);
  await here.ended(job);
  await here.start(script, {}, attemptId);
  assert.equal(await Deno.readTextFile(`${here.directory}/ran`), "ran\n");
});

hereTest("a job outlives the connection that started it", async (here) => {
  const job = await here.start("sleep 0.2; echo done");
  await here.host.close();
  await using other = await openLocal();
  const scheduler = new ProcessScheduler(
    other,
    here.layout,
    new ProcessPlanner(here.layout, "server"),
  );
  let seen: readonly Observation[] = [];
  do seen = await scheduler.observe([job], never); while (seen[0]?.sighting.kind === "active");
  assert.equal(kind(seen[0]?.sighting), "succeeded 0");
  assert.equal(await Deno.readTextFile(here.file(job.attemptId, "stdout")), "done\n");
});

hereTest(
  "a cancelled job is cancelled, with its children, and asking again is no error",
  async (here) => {
    const job = await here.start("sleep 600 & wait");
    await here.scheduler.cancel([ending(job), ending(job)], never);
    const sighting = await here.ended(job);
    assert.ok(sighting?.kind === "ended");
    assert.equal(sighting.phase, "cancelled");
    await here.scheduler.cancel([ending(job)], never);
    assert.equal((await here.ended(job))?.kind, "ended");
  },
);

hereTest("a signal of choice reaches the payload, whose own exit counts", async (here) => {
  for (const signal of ["USR1", "INT", "TERM"] as const) {
    const name = `ready-${signal}`;
    const job = await here.start(
      `trap 'exit 4' ${signal}; : >'${here.directory}/${name}'; while :; do sleep 0.01; done`,
    );
    while (!await exists(`${here.directory}/${name}`)) await delay(5);
    await here.scheduler.cancel([{ ...job, means: { kind: "end_if_waiting" } }], never);
    await here.scheduler.cancel([{ ...job, means: { kind: "signal", signal } }], never);
    assert.equal(kind(await here.ended(job)), "failed 4", signal);
  }
});

hereTest("a job that gets SIGKILL was cancelled", async (here) => {
  const job = await here.start("sleep 60");
  await here.scheduler.cancel([{ ...job, means: { kind: "signal", signal: "KILL" } }], never);
  const sighting = await here.ended(job);
  assert.ok(sighting?.kind === "ended");
  assert.equal(sighting.phase, "cancelled");
});

hereTest("a job that was asked to end and left no record is cancelled too", async (here) => {
  const job = await here.start("sleep 600");
  await Deno.writeTextFile(here.file(job.attemptId, "cancelled"), "");
  await here.host.run(`kill -s KILL -- -${job.schedulerId.slice(1)}`);
  const sighting = await here.ended(job);
  assert.ok(sighting?.kind === "ended");
  assert.equal(sighting.phase, "cancelled");
});

hereTest("a job whose processes vanish without a record has failed", async (here) => {
  const job = await here.start("sleep 600");
  await here.host.run(`kill -s KILL -- -${job.schedulerId.slice(1)}`);
  const sighting = await here.ended(job);
  assert.ok(sighting?.kind === "ended" && sighting.reason?.code === "Vanished");
});

hereTest("components run side by side and end each by itself", async (here) => {
  const { attemptId, schedulerId } = await here.start('echo "$SLUICE_COMPONENT first"', {
    components: [
      { payload: { kind: "command", command: ["sh", "-c", "echo second; exit 3"] } },
      { payload: { kind: "script", script: '#!/bin/sh\necho "third of $SLUICE_COMPONENTS"\n' } },
    ],
  });
  const job = { attemptId, schedulerId, tasks: [0, 1, 2], components: true as const };
  for (;;) {
    const seen = await here.scheduler.observe([job], never);
    if (seen.some(({ sighting }) => sighting.kind === "active")) {
      await delay(10);
      continue;
    }
    assert.deepEqual(seen.map(({ sighting }) => kind(sighting)), [
      "succeeded 0",
      "failed 3",
      "succeeded 0",
    ]);
    break;
  }
  for (const [component, text] of ["0 first", "second", "third of 3"].entries()) {
    assert.equal(
      await Deno.readTextFile(here.file(attemptId, `stdout.${component}`)),
      `${text}\n`,
    );
  }
}, "ignore");

hereTest("tasks of an array end each by itself", async (here) => {
  const { attemptId, schedulerId } = await here.start(
    'echo "task $SLURM_ARRAY_TASK_ID"; exit "$SLURM_ARRAY_TASK_ID"',
    { resources: { array: "0-2" } },
  );
  let seen: readonly Observation[] = [];
  do {
    seen = await here.scheduler.observe([{ attemptId, schedulerId, tasks: [0, 1, 2] }], never);
  } while (seen.some(({ sighting }) => sighting.kind === "active"));
  assert.deepEqual(seen.map(({ sighting }) => kind(sighting)), [
    "succeeded 0",
    "failed 1",
    "failed 2",
  ]);
  assert.equal(await Deno.readTextFile(here.file(attemptId, "stdout.2")), "task 2\n");
});

hereTest("an id of another scheduler is never taken for a process", async (here) => {
  const attemptId = newAttempt();
  for (const id of ["12", "P0", "P-1", "0", "12_4"]) {
    const job = { attemptId, schedulerId: schedulerIdSchema.parse(id) };
    await here.scheduler.cancel([ending(job)], never);
    const [seen] = await here.scheduler.observe([job], never);
    assert.equal(seen?.sighting.kind, "missing", id);
  }
  // Had a signal gone to the shell's own group, it would be gone.
  assert.equal((await here.host.run("exit 5")).exitCode, 5);
});

hereTest("attempts share the job's directory and output, and each ends by itself", async (here) => {
  const jobId = newJobId();
  const script = 'echo "$SLUICE_ATTEMPT" | tee -a checkpoint; exit "$SLUICE_ATTEMPT"';
  const jobs = [];
  for (const attempt of [1, 2]) {
    const job = await here.start(script, {}, attemptId(jobId, attempt));
    await here.ended(job);
    jobs.push(job);
  }
  const seen = await here.scheduler.observe(jobs, never);
  assert.deepEqual(seen.map(({ sighting }) => kind(sighting)), ["failed 1", "failed 2"]);
  for (const name of ["stdout", "checkpoint"]) {
    assert.equal(await Deno.readTextFile(`${here.layout.jobs}/${jobId}/${name}`), "1\n2\n");
  }
});

hereTest("what only a scheduler can give is refused", async (here) => {
  for (const asked of [{ resources: { gpus: 1 } }, { signalBeforeLimit: {} }]) {
    const spec = jobSpecSchema.parse({
      cluster: "here",
      payload: { kind: "command", command: ["true"] },
      ...asked,
    });
    const [outcome] = await here.scheduler.submit(
      [{ attemptId: newAttempt(), spec, recheck: false }],
      never,
    );
    assert.ok(outcome?.kind === "rejected");
    assert.equal(outcome.error.code, "UNSUPPORTED_REQUEST");
  }
});

hereTest("jobs are removed with all their attempts, and nothing else is", async (here) => {
  const [gone, kept, unknown] = [newJobId(), newJobId(), newJobId()];
  const ids = [attemptId(gone, 1), attemptId(gone, 2), attemptId(kept, 1)];
  for (const id of ids) await here.ended(await here.start("exit 1", {}, id));
  await here.scheduler.remove([gone, unknown], never);
  const left = await Array.fromAsync(Deno.readDir(here.layout.jobs), ({ name }) => name);
  assert.deepEqual(left, [kept]);
  await Deno.remove(here.layout.jobs, { recursive: true });
  await here.scheduler.remove([kept], never);
});

hereTest("a long spool is emptied under the eyes of who follows it", async (here) => {
  await here.scheduler.probe(never);
  await here.host.run(`mkdir -p ${quotePath(`${here.layout.root}/spool`)}`);
  const line = `${"x".repeat(1023)}\n`;
  await Deno.writeTextFile(here.layout.spool, line.repeat(8 * 1024));
  await here.scheduler.remove([newJobId()], never);
  assert.equal((await Deno.stat(here.layout.spool)).size, 8 * 1024 * 1024);
  await Deno.writeTextFile(here.layout.spool, line, { append: true });
  await using spool = await Spool.follow(here);
  await here.scheduler.remove([newJobId()], never);
  assert.ok((await Deno.stat(here.layout.spool)).size < 1024);
  const { attemptId } = await here.start("exit 3");
  await spool.until(`${attemptId} - 0 end 3 -\n`);
});

/** The spool as somebody reads it who follows it. */
class Spool implements AsyncDisposable {
  readonly #stream: HostStream;
  readonly #reader: ReadableStreamDefaultReader<string>;
  text = "";

  private constructor(stream: HostStream) {
    this.#stream = stream;
    this.#reader = stream.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  static async follow(here: Here): Promise<Spool> {
    const spool = new Spool(await here.host.stream(here.scheduler.spoolCommand()));
    // Nothing tells when tail(1) has begun to follow but that it does.
    const begun = spool.until("begun\n");
    while (!spool.text.includes("begun\n")) {
      await here.host.run(`echo begun >>${quotePath(here.layout.spool)}`);
      await delay(10);
    }
    await begun;
    return spool;
  }

  async until(text: string): Promise<void> {
    while (!this.text.includes(text)) this.text += (await this.#reader.read()).value ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel();
    await this.#stream[Symbol.asyncDispose]();
  }
}

hereTest("the spool tells of starts and ends as they happen", async (here) => {
  await using spool = await Spool.follow(here);
  const { attemptId } = await here.start("exit 3");
  await spool.until(" end ");
  assert.match(
    spool.text,
    new RegExp(`\n${attemptId} - 0 start \\d+ -\n${attemptId} - 0 end 3 -\n$`),
  );
});
