/**
 * Heterogeneous jobs: one submission, and a job in the feed for each component.
 */

import assert from "node:assert/strict";
import type { Sluice } from "../../actors/mod.ts";
import { isFinal } from "../../model/mod.ts";
import type { JobEvent, JobId, JobView, TaskView } from "../../model/mod.ts";
import { onCluster } from "../../scripts/testbed/mod.ts";
import { assertInOrder, endedJobs, Following } from "./support/events.ts";
import { untilThere } from "./support/gate.ts";
import { readAll } from "./support/output.ts";
import { until } from "./support/until.ts";
import { jobSpec, shellJob, Workspace } from "./support/workspace.ts";
import type { JobInput } from "./support/workspace.ts";

const POLL = { poll: { minSeconds: 0.5, maxSeconds: 1 } };
const SMALL = { memory: 50, time: 5 } as const;

type Components = NonNullable<JobInput["components"]>;

/** The payload of a component that runs a script of `sh`. */
function shell(script: string): Components[number] {
  const { payload } = shellJob(script);
  return { payload, resources: SMALL };
}

/** A job of components that each run a script of `sh`. */
function shells(first: string, ...others: string[]): JobInput {
  return shellJob(first, { resources: SMALL, components: others.map(shell) });
}

/** Waits for what it must not go on without. */
const WAITING = "while :; do sleep 0.2; done";

function verdicts({ tasks = [] }: Pick<JobView, "tasks">) {
  return tasks.map(({ phase, exitCode }) => [phase, exitCode]);
}

function componentOf(view: JobView, number: number): TaskView {
  const found = view.tasks?.find(({ task }) => task === number);
  assert.ok(found, `component ${number}`);
  return found;
}

async function output(
  sluice: Sluice,
  jobId: JobId,
  task: number,
  stream: "stdout" | "stderr" = "stdout",
): Promise<string> {
  const bytes = await readAll(sluice.jobs.logs({ jobId, task, stream, follow: false }));
  return new TextDecoder().decode(bytes);
}

/** The numbers of the components of which an event of the type has come. */
function heard(events: readonly JobEvent[], type: JobEvent["fact"]["type"]): Set<number> {
  return new Set(
    events.flatMap(({ fact }) =>
      fact.type === type && "task" in fact && fact.task !== undefined ? [fact.task] : []
    ),
  );
}

function untilRunning(sluice: Sluice, id: JobId): Promise<void> {
  return until("all components run", async () => {
    const { tasks = [] } = await sluice.jobs.get(id);
    return tasks.every(({ phase }) => phase === "running");
  }, 200);
}

Deno.test("a heterogeneous job of three components on CPUs and GPUs ends with three right verdicts", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open(POLL);
  await using feed = new Following((signal) => sluice.jobs.events({}, { signal }));
  // Until each has been seen to run.
  const go = workspace.file("go");
  const gate = untilThere(go.path);
  const gpu = [
    gate,
    'echo "$SLUICE_COMPONENT of $SLUICE_COMPONENTS: GPU $CUDA_VISIBLE_DEVICES in $SLURM_JOB_PARTITION"',
    // Its srun stays on its own nodes, and it knows those of the others.
    'srun sh -c \'echo "$CUDA_VISIBLE_DEVICES at $SLURMD_NODENAME"\' | sed "s/$SLURM_JOB_NODELIST/home/"',
    '[ "$(scontrol show hostnames "$SLURM_JOB_NODELIST_HET_GROUP_1" | wc -l)" = 2 ]',
  ];
  const { id, tasks, schedulerId } = await sluice.jobs.submit(jobSpec(shellJob(
    `${gate}; echo "\${CUDA_VISIBLE_DEVICES:-no GPU}, $SLURM_MEM_PER_NODE MB"`,
    {
      name: "tides",
      resources: SMALL,
      components: [
        {
          name: "simulate",
          ...shellJob(
            `${gate}; srun hostname | sort -u | wc -l; srun hostname | wc -l; echo no >&2; exit 3`,
          ),
          resources: { nodes: 2, tasksPerNode: 2, memory: 100 },
        },
        {
          ...shellJob(gpu.join("\n")),
          resources: { partition: "gpu", gpusPerNode: 1, memory: 70, time: 4 },
        },
      ],
    },
  )));
  assert.equal(schedulerId, undefined);
  assert.deepEqual(tasks?.map(({ task }) => task), [0, 1, 2]);
  await feed.until((events) => heard(events, "running").size === 3);
  await Deno.writeTextFile(go.path, "");
  await feed.until((events) => endedJobs(events).has(id));
  assertInOrder(feed.events);
  assert.deepEqual(heard(feed.events, "ended"), new Set([0, 1, 2]));

  const view = await sluice.jobs.get(id);
  assert.deepEqual(verdicts(view), [["succeeded", 0], ["failed", 3], ["succeeded", 0]]);
  assert.deepEqual([view.phase, view.exitCode], ["failed", 3]);
  assert.deepEqual(
    view.tasks?.map(({ schedulerId }) => schedulerId),
    [0, 1, 2].map((number) => `${view.schedulerId}+${number}`),
  );
  assert.equal(componentOf(view, 1).nodes.length, 2);
  assert.equal(await output(sluice, id, 0), "no GPU, 50 MB\n");
  assert.equal(await output(sluice, id, 1), "2\n4\n");
  assert.equal(await output(sluice, id, 1, "stderr"), "no\n");
  assert.match(await output(sluice, id, 2), /^2 of 3: GPU ([01]) in gpu\n\1 at home\n$/);
  assert.equal(await output(sluice, id, 2, "stderr"), "");

  const names = (await workspace.slurmJobs()).map((job) => job.id);
  assert.deepEqual(names.toSorted(), view.tasks?.map((task) => task.schedulerId), "one submission");
});

Deno.test("a component that ends early has its verdict while the others run, also where Sluice was away", async () => {
  await using workspace = await Workspace.make();
  const go = workspace.file("go");
  const id = await (async () => {
    await using sluice = await workspace.open(POLL);
    const { id } = await sluice.jobs.submit(jobSpec({
      ...shells(
        `${untilThere(go.path)}; echo "late: GPU $CUDA_VISIBLE_DEVICES"; srun hostname | wc -l`,
        'echo "early: ${CUDA_VISIBLE_DEVICES:-no GPU}, $SLURM_CPUS_ON_NODE CPU"; srun hostname | wc -l',
      ),
      resources: { ...SMALL, gpus: 1, tasks: 3, cpusPerTask: 2 },
    }));
    await until(
      "the second component has ended",
      async () => isFinal(componentOf(await sluice.jobs.get(id), 1).phase),
      200,
    );
    const { phase, tasks } = await sluice.jobs.get(id);
    assert.equal(phase, "running");
    assert.deepEqual(tasks?.map((task) => task.phase), ["running", "succeeded"]);
    assert.equal(await output(sluice, id, 1), "early: no GPU, 1 CPU\n1\n");
    return id;
  })();
  await onCluster(["touch", go.path]);
  await until(
    "Slurm has ended the job",
    async () => (await workspace.slurmJobs()).every(({ state }) => state === "COMPLETED"),
    500,
  );

  await using sluice = await workspace.open(POLL);
  const view = await sluice.jobs.wait(id, { timeoutMs: 170_000 });
  assert.deepEqual(verdicts(view), [["succeeded", 0], ["succeeded", 0]]);
  assert.equal(view.phase, "succeeded");
  // Either GPU of its node: jobs of others may have one.
  assert.match(await output(sluice, id, 0), /^late: GPU [01]\n3\n$/);
});

Deno.test("one component is cancelled alone while it runs, whichever it is, and the others go on", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open(POLL);
  const go = workspace.file("go");
  const { id } = await sluice.jobs.submit(jobSpec(shells(
    WAITING,
    WAITING,
    `${untilThere(go.path)}; echo done`,
  )));
  await untilRunning(sluice, id);
  await sluice.jobs.cancel(id, { task: 0 });
  await sluice.jobs.cancel(id, { task: 1, signal: "INT" });
  await until("two components are cancelled", async () => {
    const { tasks = [] } = await sluice.jobs.get(id);
    return tasks.filter(({ phase }) => isFinal(phase)).length === 2;
  }, 200);
  const { tasks, phase } = await sluice.jobs.get(id);
  assert.equal(phase, "running");
  assert.deepEqual(tasks?.map((task) => task.phase), ["cancelled", "cancelled", "running"]);
  await onCluster(["touch", go.path]);
  const view = await sluice.jobs.wait(id, { timeoutMs: 170_000 });
  assert.deepEqual(view.tasks?.map((task) => task.phase), ["cancelled", "cancelled", "succeeded"]);
  assert.equal(await output(sluice, id, 2), "done\n");
});

Deno.test("a component that is cancelled while the job waits never begins, and the others do", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open(POLL);
  const { id } = await sluice.jobs.submit(jobSpec({
    ...shells("echo first", "echo second"),
    options: { hold: true },
  }));
  await until("it waits", async () =>
    (await sluice.jobs.get(id)).state === "PENDING" ||
    componentOf(await sluice.jobs.get(id), 1).state === "PENDING", 200);
  await sluice.jobs.cancel(id, { task: 1 });
  await until(
    "it is cancelled",
    async () => componentOf(await sluice.jobs.get(id), 1).phase === "cancelled",
    200,
  );
  const { schedulerId = "" } = await sluice.jobs.get(id);
  const released = await onCluster(["scontrol", "release", schedulerId], { root: true });
  assert.equal(released.code, 0, released.stderr);
  const view = await sluice.jobs.wait(id, { timeoutMs: 170_000 });
  assert.deepEqual(view.tasks?.map((task) => task.phase), ["succeeded", "cancelled"]);
  assert.equal(await output(sluice, id, 0), "first\n");
  assert.equal(await output(sluice, id, 1), "");
});

Deno.test("a heterogeneous job is cancelled as a whole, while it waits and while it runs", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open(POLL);
  const waiting = await sluice.jobs.submit(jobSpec({
    ...shells("echo first", "echo second"),
    options: { hold: true },
  }));
  const running = await sluice.jobs.submit(jobSpec(shells(WAITING, "exit 0", WAITING)));
  await until(
    "it runs",
    async () =>
      (await sluice.jobs.get(running.id)).tasks?.map(({ phase }) => phase).join() ===
        "running,succeeded,running",
    200,
  );
  for (const { id } of [waiting, running]) await sluice.jobs.cancel(id);
  const [unstarted, ended] = await Promise.all(
    [waiting, running].map(({ id }) => sluice.jobs.wait(id, { timeoutMs: 170_000 })),
  );
  assert.deepEqual(unstarted?.tasks?.map(({ phase }) => phase), ["cancelled", "cancelled"]);
  assert.deepEqual(
    ended?.tasks?.map(({ phase }) => phase),
    ["cancelled", "succeeded", "cancelled"],
    "what had succeeded stays so",
  );
  assert.deepEqual([unstarted?.phase, ended?.phase], ["cancelled", "cancelled"]);
});

Deno.test("once each component is cancelled for itself, nothing of the job waits any longer", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open(POLL);
  const { id } = await sluice.jobs.submit(jobSpec({
    ...shells("echo first", "echo second"),
    options: { hold: true },
  }));
  for (const task of [0, 1]) await sluice.jobs.cancel(id, { task });
  const view = await sluice.jobs.wait(id, { timeoutMs: 170_000 });
  assert.deepEqual(view.tasks?.map(({ phase }) => phase), ["cancelled", "cancelled"]);
  await until(
    "Slurm has cancelled the job",
    async () => (await workspace.slurmJobs()).every(({ state }) => state === "CANCELLED"),
    200,
  );
});

Deno.test("of components that Slurm puts back into the queue those run again that had not ended", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open(POLL);
  const again = (name: string) => `echo run; [ ! -e ${name} ] || exit 0; touch ${name}`;
  const { id } = await sluice.jobs.submit(jobSpec({
    ...shells(`${again("first")}; ${WAITING}`, again("second")),
    options: { requeue: true },
  }));
  await until(
    "the first waits",
    async () =>
      (await sluice.jobs.get(id)).tasks?.map(({ phase }) => phase)[0] === "running" &&
      (await workspace.remoteFiles()).some((file) => file.endsWith("/first")),
    200,
  );
  const { schedulerId = "" } = await sluice.jobs.get(id);
  const { code, stderr } = await onCluster(["scontrol", "requeue", schedulerId], { root: true });
  assert.equal(code, 0, stderr);
  const view = await sluice.jobs.wait(id, { timeoutMs: 170_000 });
  assert.deepEqual(verdicts(view), [["succeeded", 0], ["succeeded", 0]]);
  assert.deepEqual(view.tasks?.map(({ restarts }) => restarts), [1, 0]);
  assert.equal(await output(sluice, id, 0), "run\nrun\n");
  assert.equal(await output(sluice, id, 1), "run\n");
});
