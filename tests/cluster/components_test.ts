/**
 * Heterogeneous jobs: one submission, and a job in the feed for each component.
 */

import assert from "node:assert/strict";
import type { Sluice } from "../../actors/mod.ts";
import { isFinal } from "../../model/mod.ts";
import type { JobEvent, JobId, JobView, TaskView } from "../../model/mod.ts";
import { onCluster } from "../../scripts/testbed/mod.ts";
import { assertInOrder, endedJobs, Following } from "./support/events.ts";
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
  const { id, tasks } = await sluice.jobs.submit(jobSpec(shellJob(
    'echo "prepared on $SLURMD_NODENAME, ${CUDA_VISIBLE_DEVICES:-no GPU}"',
    {
      name: "tides",
      resources: SMALL,
      components: [
        {
          name: "simulate",
          ...shellJob(
            // Its srun starts one process for each of the tasks that it asks for, on its own nodes alone.
            'echo "$SLURM_JOB_NUM_NODES nodes"; srun hostname | sort; echo broken >&2; exit 3',
          ),
          resources: { nodes: 2, tasksPerNode: 2, memory: 100, time: 5 },
        },
        {
          ...shellJob(
            'echo "GPU $CUDA_VISIBLE_DEVICES, component $SLUICE_COMPONENT of $SLUICE_COMPONENTS"; srun sh -c \'echo "step $SLURMD_NODENAME $CUDA_VISIBLE_DEVICES"\'; echo "$SLURM_JOB_NODELIST_HET_GROUP_1"; echo "$SLURM_MEM_PER_NODE"; echo "$SLURM_JOB_PARTITION"',
          ),
          resources: { partition: "gpu", gpusPerNode: 1, memory: 70, time: 5 },
        },
      ],
    },
  )));
  assert.deepEqual(tasks?.map(({ task }) => task), [0, 1, 2]);
  await feed.until((events) => endedJobs(events).has(id));
  assertInOrder(feed.events);
  const view = await sluice.jobs.get(id);
  console.log(JSON.stringify(view.tasks), await output(sluice, id, 0), await output(sluice, id, 1), await output(sluice, id, 1, "stderr"), await output(sluice, id, 2), await output(sluice, id, 2, "stderr"));
});
