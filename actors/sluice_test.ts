import assert from "node:assert/strict";
import { join } from "node:path";
import {
  clusterConfigSchema,
  clusterNameSchema,
  clusterViewSchema,
  isFinal,
  newJobId,
} from "../model/mod.ts";
import type { JobEvent, JobId, JobSpecInput, JobView, LogRequestInput } from "../model/mod.ts";
import { Sluice } from "./mod.ts";

const here = clusterNameSchema.parse("here");

/** A directory in which Sluice is opened, closed and opened again on this machine. */
class Workbench implements AsyncDisposable {
  readonly #open = new Set<Sluice>();

  private constructor(readonly directory: string) {}

  static async make(): Promise<Workbench> {
    return new Workbench(await Deno.makeTempDir({ prefix: "sluice-test-" }));
  }

  async open(): Promise<Sluice> {
    const sluice = await Sluice.open({
      config: {
        dataDirectory: join(this.directory, "data"),
        clusters: {
          [here]: clusterConfigSchema.parse({
            type: "local",
            remoteDirectory: join(this.directory, "it's remote"),
            poll: { minSeconds: 0.2, maxSeconds: 0.5 },
          }),
        },
      },
    });
    this.#open.add(sluice);
    return sluice;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const sluice of this.#open) await sluice.close();
    await Deno.remove(this.directory, { recursive: true });
  }
}

function shell(text: string, input: Partial<JobSpecInput> = {}): JobSpecInput {
  return { cluster: "here", payload: { kind: "command", command: ["sh", "-c", text] }, ...input };
}

/** A test with a Sluice that is open. */
function sluiceTest(
  name: string,
  body: (sluice: Sluice, workbench: Workbench) => Promise<void>,
): void {
  Deno.test(name, async () => {
    await using workbench = await Workbench.make();
    await body(await workbench.open(), workbench);
  });
}

async function run(sluice: Sluice, spec: JobSpecInput): Promise<JobView> {
  const { id } = await sluice.jobs.submit(spec);
  return await sluice.jobs.wait(id);
}

async function output(sluice: Sluice, request: LogRequestInput): Promise<Uint8Array> {
  const bytes: number[] = [];
  let { offset = 0 } = request;
  for await (const chunk of sluice.jobs.logs(request)) {
    assert.equal(chunk.offset, offset, "chunks follow on one another");
    offset += chunk.bytes.length;
    for (const byte of chunk.bytes) bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

async function history(sluice: Sluice, jobId: JobId): Promise<JobEvent[]> {
  const events = await Array.fromAsync(sluice.jobs.events({ jobId }));
  assert.deepEqual(events.map(({ index }) => index), events.map((_, n) => n + 1));
  const ids = events.map(({ id }) => id);
  assert.deepEqual(ids, [...new Set(ids)].toSorted((a, b) => a - b));
  return events;
}

/** Waits until the job has written something, and so runs, and Sluice has heard that it was sent. */
async function written(sluice: Sluice, jobId: JobId): Promise<void> {
  for await (const _ of sluice.jobs.logs({ jobId })) break;
  // A quick job writes before the answer to its submission has come.
  for await (const { fact } of sluice.jobs.events({ jobId })) {
    if (fact.type === "submitted") return;
  }
}

sluiceTest("a job that succeeds tells its life in order", async (sluice) => {
  const job = await run(sluice, shell("echo hello; echo oops >&2"));
  assert.equal(job.phase, "succeeded");
  assert.equal(job.exitCode, 0);
  // On a slow machine it is asked a second time whether the job was sent.
  const types = (await history(sluice, job.id)).map(({ fact }) => fact.type)
    .filter((type, index, all) => type !== "submitting" || all[index - 1] !== "submitting");
  assert.deepEqual(types.slice(0, 3), ["accepted", "submitting", "submitted"]);
  assert.equal(types.at(-1), "ended");
  assert.equal(text(await output(sluice, { jobId: job.id })), "hello\n");
  assert.equal(text(await output(sluice, { jobId: job.id, stream: "stderr" })), "oops\n");
  const result = await sluice.jobs.result(job.id);
  assert.deepEqual(result.outputBytes, { stdout: 6, stderr: 5 });
});

sluiceTest("an exit code and a signal are told as they were", async (sluice) => {
  const [failed, killed] = await Promise.all([
    run(sluice, shell("exit 3")),
    run(sluice, shell("kill -s KILL $$")),
  ]);
  assert.deepEqual([failed.phase, failed.exitCode, failed.signal], ["failed", 3, undefined]);
  assert.equal(failed.reason?.code, "NonZeroExitCode");
  assert.deepEqual([killed.phase, killed.signal], ["failed", 9]);
  assert.equal(killed.reason?.code, "RaisedSignal");
});

sluiceTest("a running job is cancelled once, however often it is asked", async (sluice) => {
  const { id } = await sluice.jobs.submit(shell("echo ready; sleep 600 & wait"));
  await written(sluice, id);
  const answers = await Promise.all([1, 2, 3].map(() => sluice.jobs.cancel(id)));
  assert.ok(answers.every(({ accepted }) => accepted));
  const job = await sluice.jobs.wait(id);
  assert.equal(job.phase, "cancelled");
  const requests = (await history(sluice, id)).filter(({ fact }) =>
    fact.type === "cancel_requested"
  );
  assert.equal(requests.length, 1);
  assert.deepEqual(await sluice.jobs.cancel(id), { id, accepted: false, phase: "cancelled" });
});

sluiceTest("an array is one job with a verdict and an output for each task", async (sluice) => {
  const job = await run(
    sluice,
    shell('echo "task $SLURM_ARRAY_TASK_ID"; exit "$SLURM_ARRAY_TASK_ID"', {
      resources: { array: "0-2" },
    }),
  );
  assert.equal(job.phase, "failed");
  assert.deepEqual(job.tasks?.map(({ phase, exitCode }) => [phase, exitCode]), [
    ["succeeded", 0],
    ["failed", 1],
    ["failed", 2],
  ]);
  assert.equal(text(await output(sluice, { jobId: job.id, task: 1 })), "task 1\n");
  const ends = (await history(sluice, job.id)).filter(({ fact }) => fact.type === "ended");
  assert.equal(ends.length, 4);
});

sluiceTest("copies of a spec are an array, tried again one by one", async (sluice) => {
  const job = await run(
    sluice,
    shell(
      'echo "copy $SLURM_ARRAY_TASK_ID"; [ "$SLURM_ARRAY_TASK_ID" != 1 ] || [ -e again ] || { : >again; exit 1; }',
      { count: 3, retry: { times: 1, delaySeconds: 0 } },
    ),
  );
  assert.equal(job.phase, "succeeded");
  assert.equal(job.attempt, 2);
  assert.deepEqual(job.taskPhases, { succeeded: 3 });
  assert.equal((await sluice.jobs.get(job.id)).spec.count, 3);
  assert.equal(text(await output(sluice, { jobId: job.id, task: 1 })), "copy 1\ncopy 1\n");
  assert.equal(text(await output(sluice, { jobId: job.id, task: 2 })), "copy 2\n");
  await assert.rejects(
    sluice.jobs.submit(shell("true", { count: 2, resources: { array: "0-1" } })),
    { code: "INVALID_INPUT" },
  );
  await assert.rejects(sluice.jobs.submit(shell("true", { count: 2_000 })), {
    code: "INVALID_ARRAY",
  });
  await assert.rejects(output(sluice, { jobId: job.id, task: 3 }), { code: "TASK_NOT_FOUND" });
  await assert.rejects(output(sluice, { jobId: job.id }), { code: "TASK_NOT_FOUND" });
});

sluiceTest("the log of a task ends with the task, not with the array", async (sluice) => {
  const { id } = await sluice.jobs.submit(
    shell('echo hi; [ "$SLURM_ARRAY_TASK_ID" = 0 ] || sleep 600', { resources: { array: "0-1" } }),
  );
  assert.equal(text(await output(sluice, { jobId: id, task: 0 })), "hi\n");
  assert.ok(!isFinal((await sluice.jobs.get(id)).phase));
  await sluice.jobs.cancel(id);
  await sluice.jobs.wait(id);
});

sluiceTest("binary output comes byte for byte, from any offset on", async (sluice) => {
  const pattern = Array.from(
    { length: 256 },
    (_, byte) => `\\${byte.toString(8).padStart(3, "0")}`,
  );
  const job = await run(
    sluice,
    shell(`i=0; while [ $i -lt 64 ]; do printf '${pattern.join("")}'; i=$((i + 1)); done`),
  );
  const expected = Uint8Array.from({ length: 64 * 256 }, (_, index) => index % 256);
  assert.deepEqual(await output(sluice, { jobId: job.id }), expected);
  for (const offset of [1, 255, 16_000, 16_383, 16_384, 20_000]) {
    assert.deepEqual(await output(sluice, { jobId: job.id, offset }), expected.slice(offset));
  }
});

sluiceTest("output is followed while the job runs, each byte once", async (sluice) => {
  const { id } = await sluice.jobs.submit(
    shell("i=0; while [ $i -lt 20 ]; do echo line $i; i=$((i + 1)); sleep 0.02; done"),
  );
  const expected = Array.from({ length: 20 }, (_, n) => `line ${n}\n`).join("");
  const readers = await Promise.all([
    output(sluice, { jobId: id }),
    output(sluice, { jobId: id }),
    output(sluice, { jobId: id, offset: 7 }),
  ]);
  assert.deepEqual(readers.map(text), [expected, expected, expected.slice(7)]);
});

sluiceTest("without following, a log ends with what there is", async (sluice) => {
  const { id } = await sluice.jobs.submit(shell("echo so far; sleep 600"));
  await written(sluice, id);
  assert.equal(text(await output(sluice, { jobId: id, follow: false })), "so far\n");
  await sluice.jobs.cancel(id);
  await sluice.jobs.wait(id);
});

Deno.test("a job that runs while Sluice is closed is taken up again, its events without a gap", async () => {
  await using workbench = await Workbench.make();
  const first = await workbench.open();
  const gate = join(workbench.directory, "gate");
  const { id } = await first.jobs.submit(
    shell(`echo before; until [ -e '${gate}' ]; do sleep 0.02; done; echo after; exit 4`),
  );
  await written(first, id);
  await first.close();
  await Deno.writeTextFile(gate, "");
  const second = await workbench.open();
  const job = await second.jobs.wait(id);
  assert.deepEqual([job.phase, job.exitCode], ["failed", 4]);
  assert.equal(text(await output(second, { jobId: id })), "before\nafter\n");
  await history(second, id);
  const page = await second.jobs.list();
  assert.deepEqual(page.jobs.map(({ id }) => id), [id]);
});

sluiceTest("waiting ends with its time or its caller, and leaves the job alone", async (sluice) => {
  const { id } = await sluice.jobs.submit(shell("echo ready; sleep 600"));
  await written(sluice, id);
  assert.ok(!isFinal((await sluice.jobs.wait(id, { timeoutMs: 1 })).phase));
  const abort = new AbortController();
  const waiting = assert.rejects(sluice.jobs.wait(id, { signal: abort.signal }), {
    name: "AbortError",
  });
  abort.abort();
  await waiting;
  assert.ok(!isFinal((await sluice.jobs.get(id)).phase));
  await sluice.jobs.cancel(id);
  await sluice.jobs.wait(id);
});

sluiceTest("jobs are listed newest first, by phase and label", async (sluice) => {
  const good = await run(sluice, shell("exit 0", { labels: { team: "a" } }));
  const bad = await run(sluice, shell("exit 1", { labels: { team: "b" } }));
  const ids = async (request: Parameters<Sluice["jobs"]["list"]>[0]) =>
    (await sluice.jobs.list(request)).jobs.map(({ id }) => id);
  assert.deepEqual(await ids({}), [bad.id, good.id]);
  assert.deepEqual(await ids({ phases: ["succeeded"] }), [good.id]);
  assert.deepEqual(await ids({ labels: { team: "b" } }), [bad.id]);
  assert.deepEqual(await ids({ labels: { team: "c" } }), []);
});

sluiceTest("what does not exist is named in the error, with what to do", async (sluice) => {
  const nobody = newJobId();
  const { id } = await run(sluice, shell("exit 0"));
  await assert.rejects(sluice.jobs.submit({ ...shell("x"), cluster: "there" }), {
    code: "CLUSTER_NOT_FOUND",
    next: /here/,
  });
  for (const call of ["get", "cancel", "wait", "result", "metrics"] as const) {
    await assert.rejects(() => sluice.jobs[call](nobody), { code: "JOB_NOT_FOUND" }, call);
  }
  await assert.rejects(sluice.jobs.cancel(id, { task: 1 }), { code: "TASK_NOT_FOUND" });
  await assert.rejects(output(sluice, { jobId: id, task: 1 }), { code: "TASK_NOT_FOUND" });
  await assert.rejects(sluice.clusters.get(clusterNameSchema.parse("there")), {
    code: "CLUSTER_NOT_FOUND",
  });
});

sluiceTest(
  "an array's output needs a task, and one task of it cannot be cancelled here",
  async (sluice) => {
    const { id } = await sluice.jobs.submit(shell("sleep 600", { resources: { array: "0-1" } }));
    await assert.rejects(output(sluice, { jobId: id }), { code: "TASK_NOT_FOUND" });
    await assert.rejects(sluice.jobs.cancel(id, { task: 0 }), { code: "UNSUPPORTED_REQUEST" });
    await sluice.jobs.cancel(id);
    assert.equal((await sluice.jobs.wait(id)).phase, "cancelled");
  },
);

sluiceTest(
  "the result of a job that has not ended is an error that says to wait",
  async (sluice) => {
    const { id } = await sluice.jobs.submit(shell("sleep 600"));
    await assert.rejects(sluice.jobs.result(id), { code: "JOB_NOT_ENDED", retryable: true });
    assert.deepEqual(await sluice.jobs.metrics(id), { source: "none", hints: [] });
    await sluice.jobs.cancel(id);
    await sluice.jobs.wait(id);
  },
);

sluiceTest("of many jobs, all are accepted or none is", async (sluice) => {
  const good = shell("exit 0");
  await assert.rejects(sluice.jobs.submitMany([good, { ...good, resources: { gpus: 1 } }]), {
    code: "UNSUPPORTED_REQUEST",
  });
  assert.deepEqual((await sluice.jobs.list()).jobs, []);
  const views = await sluice.jobs.submitMany([good, shell("exit 1")]);
  const ended = await Promise.all(views.map(({ id }) => sluice.jobs.wait(id)));
  assert.deepEqual(ended.map(({ phase }) => phase), ["succeeded", "failed"]);
});

sluiceTest("the defaults of a call are those of its jobs, below their own", async (sluice) => {
  const job = shell("exit 0");
  const views = await sluice.jobs.submitMany([job, { ...job, defaults: { memoryPerCpu: "1G" } }], {
    defaults: { time: 5, memory: "2G" },
  });
  const specs = await Promise.all(views.map(({ id }) => sluice.jobs.get(id)));
  assert.deepEqual(specs.map(({ spec }) => spec.defaults), [
    { time: 5, memory: "2G" },
    { time: 5, memoryPerCpu: "1G" },
  ]);
  const wrong: Record<string, unknown> = { time: -1 };
  await assert.rejects(sluice.jobs.submitMany([job], { defaults: wrong }), {
    code: "INVALID_INPUT",
  });
  await Promise.all(views.map(({ id }) => sluice.jobs.wait(id)));
});

sluiceTest("of a plain process is known how long it ran", async (sluice) => {
  const { id } = await run(sluice, shell("sleep 1"));
  const { source, elapsedSeconds = 0, nodes, cpuSeconds } = await sluice.jobs.metrics(id);
  assert.deepEqual([source, nodes, cpuSeconds], ["record", 1, undefined]);
  assert.ok(elapsedSeconds >= 1);
});

sluiceTest("the system tells of itself", async (sluice) => {
  await run(sluice, shell("exit 0"));
  assert.deepEqual(await sluice.system.health(), {
    ok: true,
    journal: true,
    clusters: [{ name: here, up: true }],
  });
  const [cluster] = sluice.system.tree().children;
  assert.equal(cluster?.name, "cluster:here");
  assert.equal((await sluice.system.metrics())["jobs.here.succeeded"], 1);
});

sluiceTest(
  "a cluster that works is resumed without harm, and answers how it stands",
  async (sluice) => {
    await run(sluice, shell("exit 0"));
    const view = clusterViewSchema.parse(await sluice.clusters.resume(here));
    assert.equal(view.link.status, "up");
    assert.deepEqual(view.submissions, { status: "open", waiting: 0 });
    assert.deepEqual([view.liveJobs, view.isolatedJobs], [0, []]);
    assert.deepEqual(await sluice.clusters.get(here), view);
    await assert.rejects(sluice.clusters.resume(clusterNameSchema.parse("there")), {
      code: "CLUSTER_NOT_FOUND",
    });
    const facts: string[] = [];
    const stop = new AbortController();
    for await (const { fact } of sluice.clusters.events({}, { signal: stop.signal })) {
      facts.push(fact.type);
      // What there is beside it comes right behind it.
      if (facts.length === 1) setTimeout(() => stop.abort(), 100);
    }
    assert.deepEqual(facts, ["link_up"]);
  },
);

sluiceTest("the tree shows who works for a cluster, and each of its jobs", async (sluice) => {
  const { id } = await sluice.jobs.submit(shell("sleep 600"));
  await sluice.clusters.get(here);
  const [cluster] = sluice.system.tree().children;
  assert.deepEqual(cluster?.children.map(({ name }) => name), [
    "link",
    "poller",
    "stager",
    "submitter",
    "outputs",
    "messages",
    "cleaner",
    "sessions",
    "jobs",
    "follower",
  ]);
  const jobs = cluster?.children.find(({ name }) => name === "jobs");
  assert.deepEqual(jobs?.children.map(({ name }) => name), [`job:${id}`]);
  await sluice.jobs.cancel(id);
  await sluice.jobs.wait(id);
});

Deno.test("closed as soon as it is opened, nothing stays open", async () => {
  await using workbench = await Workbench.make();
  const sluice = await workbench.open();
  await sluice.close();
  await sluice.close();
});

Deno.test("an end of the journal that cannot be used is told to who asks for the health", async () => {
  await using workbench = await Workbench.make();
  const journal = join(workbench.directory, "data", "journal.db");
  await (await workbench.open()).close();
  await Deno.writeFile(`${journal}-wal`, new Uint8Array(100).fill(7));
  const { setAside } = await (await workbench.open()).system.health();
  assert.equal(setAside?.kind, "damaged");
  assert.equal(setAside?.lostBytes, 100);
  assert.ok(setAside !== undefined && (await Deno.stat(setAside.file)).size === 100);
});

sluiceTest(
  "a job on this machine brings its software along, and the preview shows where that lies",
  async (sluice, { directory }) => {
    const path = join(directory, "tides.tar.gz");
    await Deno.mkdir(join(directory, "tides"));
    await Deno.writeTextFile(join(directory, "tides/activate.sh"), "WORD=high; export WORD\n");
    const packed = await new Deno.Command("sh", {
      args: ["-c", 'exec tar -czf "$1" -C "$2" .', "sh", path, join(directory, "tides")],
    }).output();
    assert.equal(packed.code, 0);
    const software = { kind: "archive", path } as const;
    const { script } = await sluice.jobs.preview(shell('echo "$WORD"', { software }));
    const job = await run(sluice, shell('echo "$WORD"', { software }));
    assert.equal(job.phase, "succeeded");
    assert.equal(text(await output(sluice, { jobId: job.id })), "high\n");
    const [environment] = job.environments ?? [];
    assert.ok(environment !== undefined);
    assert.ok(script.includes(`/environments/${environment.sha256}`));

    const absent = { kind: "archive", path: join(directory, "absent") } as const;
    await assert.rejects(sluice.jobs.preview(shell("true", { software: absent })), {
      code: "ARCHIVE_UNREADABLE",
    });
    const never = await run(sluice, shell("true", { software: absent }));
    assert.deepEqual([never.phase, never.error?.code], ["failed", "ARCHIVE_UNREADABLE"]);
  },
);

sluiceTest(
  "a script that is there already runs on this machine too, and one that is not is refused",
  async (sluice, { directory }) => {
    const path = join(directory, "it's a script");
    await Deno.writeTextFile(path, '#!/bin/sh\n#SBATCH --time=1\necho "$X $1"\n');
    const job = (script: string): JobSpecInput => ({
      cluster: "here",
      payload: { kind: "remote_script", path: script, arguments: ["{inputs.y}"] },
      inputs: { y: "it's" },
      before: ["export X=before"],
      after: ['echo "after $SLUICE_EXIT_CODE"'],
    });
    const { id, phase } = await run(sluice, job(path));
    assert.equal(phase, "succeeded");
    const text = new TextDecoder().decode(await output(sluice, { jobId: id }));
    assert.equal(text, "before it's\nafter 0\n");
    const refused = await run(sluice, job(`${path}.gone`));
    assert.deepEqual([refused.phase, refused.error?.code], ["failed", "REMOTE_SCRIPT_MISSING"]);
  },
);
