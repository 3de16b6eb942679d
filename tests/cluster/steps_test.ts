/**
 * Steps of sessions on the real cluster: run, sized, numbered and refused.
 */

import assert from "node:assert/strict";
import { SessionBench } from "./support/session_bench.ts";

/** Prints each process of a step's descendants, wherever it runs: all nodes of the test cluster are here. */
const MARKED = (word: string) => `pgrep -u "$(id -u)" -f '[${word.charAt(0)}]${word.slice(1)}'`;

Deno.test("a step runs in its session, on its nodes, and is judged by its exit code", async () => {
  await using bench = await SessionBench.open();
  const { id, job } = await bench.openSession({ nodes: 2, cpusPerTask: 2, memory: 500 });
  const handed = await bench.steps(id, [
    'echo "on $SLURM_JOB_NODELIST"; echo trouble >&2',
    "exit 3",
    "kill -9 $$",
  ], { resources: { cpusPerTask: 1 } });
  const [two] = await bench.steps(id, ['echo "$SLURM_JOB_NUM_NODES nodes"; srun hostname | sort'], {
    resources: { nodes: 2 },
  });
  assert.ok(two !== undefined);
  const ends = await bench.ends([...handed, two]);
  assert.deepEqual(
    ends.map(({ phase, exitCode, signal }) => [phase, exitCode, signal]),
    [
      ["succeeded", 0, undefined],
      ["failed", 3, undefined],
      ["failed", 137, 9],
      ["succeeded", 0, undefined],
    ],
  );
  assert.deepEqual(ends[3]?.nodes.length, 2);
  assert.match(await bench.output(two), /^2 nodes\nn\d\nn\d\n$/);
  const [first] = handed;
  assert.ok(first !== undefined);
  assert.equal(await bench.shell(`cat ${first.jobId}/stderr`), "trouble\n");
  await bench.scheduler.closeSession(id, AbortSignal.timeout(60_000));
  const [end] = await bench.ends([job]);
  assert.equal(end?.phase, "succeeded");
});

Deno.test("fifty steps go through one session after one wait in the queue, each once", async () => {
  await using bench = await SessionBench.open();
  const { id, job } = await bench.openSession(
    { nodes: 2, cpusPerTask: 2, memory: 500 },
    { maxConcurrent: 4 },
  );
  const steps = await bench.steps(
    id,
    Array.from({ length: 50 }, (_, n) => `echo ${n} >>../${id}/order; exit $((${n} % 5))`),
  );
  const ends = await bench.ends(steps);
  assert.deepEqual(ends.map(({ exitCode }) => exitCode), steps.map((_, n) => n % 5));
  const started = (await bench.shell(`cat ${id}/order`)).trim().split("\n").map(Number);
  const each = steps.map((_, n) => n);
  assert.deepEqual(started.toSorted((one, other) => one - other), each);
  const jobs = await bench.workspace.slurmJobs();
  assert.deepEqual(jobs.map((one) => one.id), [String(job.schedulerId)]);
});

Deno.test("steps of which one runs at a time begin in their order", async () => {
  await using bench = await SessionBench.open();
  const { id } = await bench.openSession(
    { nodes: 1, cpusPerTask: 1, memory: 500 },
    { maxConcurrent: 1 },
  );
  const submissions = Array.from(
    { length: 6 },
    () => bench.submissionOf(`echo "$SLUICE_JOB_ID" >>../${id}/order`, id),
  );
  const steps = await bench.submit(submissions);
  await bench.ends(steps);
  const started = (await bench.shell(`cat ${id}/order`)).trim().split("\n");
  // By their ids, which tell when they were accepted.
  assert.deepEqual(started, steps.map(({ jobId }) => jobId).toSorted());
});

Deno.test("a step has the processors, nodes and GPUs that it asks for, and no others", async () => {
  await using bench = await SessionBench.open();
  const { id } = await bench.openSession({
    nodes: 2,
    cpusPerTask: 4,
    memory: 600,
    gpusPerNode: 2,
    partition: "gpu",
  });
  const show = [
    'echo "$SLURM_JOB_NUM_NODES $SLURM_CPUS_ON_NODE ${CUDA_VISIBLE_DEVICES-none} ${SLURM_MEM_PER_NODE-none}"',
    // Long enough that they share the session.
    "sleep 0.5",
  ].join("\n");
  const shapes = [
    { cpusPerTask: 1 },
    { cpusPerTask: 1, gpusPerNode: 1, memory: 100 },
    { tasks: 6 },
    { nodes: 2, gpusPerNode: 1, tasksPerNode: 2 },
  ];
  const steps = await Promise.all(
    shapes.map(async (resources) => (await bench.steps(id, [show], { resources }))[0]),
  );
  const handed = steps.filter((step) => step !== undefined);
  await bench.ends(handed);
  const shown = await Promise.all(handed.map((step) => bench.output(step)));
  assert.match(shown[0] ?? "", /^1 1 none none\n$/);
  assert.match(shown[1] ?? "", /^1 1 [01] 100\n$/);
  assert.match(shown[2] ?? "", /^2 3 none none\n$/);
  assert.match(shown[3] ?? "", /^2 2 [01] none\n$/);
});

Deno.test("what srun starts within a step stays on the step's nodes, and ends with it", async () => {
  await using bench = await SessionBench.open();
  const { id } = await bench.openSession({ nodes: 3, cpusPerTask: 2, memory: 500 });
  const word = `sleep 31${String(Date.now()).slice(-6)}`;
  const script = (number: number) => {
    const own = `${word}${number}`;
    return [
      'echo "$SLURM_JOB_NODELIST"',
      "srun hostname",
      "srun -N1 -n1 hostname",
      `srun ${own} &`,
      `(setsid ${own} &)`,
      // Until its processes are there.
      `while [ "$(${MARKED(own)} | wc -l)" -lt 3 ]; do sleep 0.1; done`,
    ].join("\n");
  };
  const steps = await bench.steps(id, [1, 2, 3].map(script), { resources: { cpusPerTask: 1 } });
  const [wide] = await bench.steps(id, [script(4)], { resources: { nodes: 2 } });
  assert.ok(wide !== undefined);
  const ends = await bench.ends([...steps, wide]);
  for (const [index, step] of [...steps, wide].entries()) {
    assert.equal(ends[index]?.phase, "succeeded");
    const [, ...hosts] = (await bench.output(step)).trim().split("\n");
    const nodes = new Set<string>(ends[index]?.nodes);
    assert.ok(hosts.every((host) => nodes.has(host)), `${hosts.join()} on ${[...nodes].join()}`);
    // Slurm says that it ended what was left behind, and nothing of nodes.
    for (const line of (await bench.shell(`cat ${step.jobId}/stderr`)).trim().split("\n")) {
      assert.match(line, /^$|^srun: (?!.*nodelist)|\*\*\* STEP \S+ ON \w+ CANCELLED/);
    }
  }
  await bench.until("nothing is left of them", async () => await bench.shell(MARKED(word)) === "");
});

Deno.test("the tasks of an array are steps of their own, at most as many at a time as it says", async () => {
  await using bench = await SessionBench.open();
  const { id } = await bench.openSession({ nodes: 1, cpusPerTask: 6, memory: 500 });
  const script = [
    `mkdir ../${id}/now.$SLURM_ARRAY_TASK_ID`,
    `set -- ../${id}/now.*`,
    `echo "$# $SLURM_ARRAY_TASK_ID"`,
    "sleep 0.3",
    `rmdir ../${id}/now.$SLURM_ARRAY_TASK_ID`,
    "exit $SLURM_ARRAY_TASK_ID",
  ].join("\n");
  const [array] = await bench.steps(id, [script], { resources: { array: "0,3,10-13%2" } });
  assert.ok(array !== undefined);
  const ends = await bench.ends([array]);
  assert.deepEqual(ends.map(({ exitCode }) => exitCode), [0, 3, 10, 11, 12, 13]);
  for (const task of [0, 3, 10, 11, 12, 13]) {
    assert.match(await bench.output(array, task), new RegExp(`^[12] ${task}\\n$`));
  }
});

Deno.test("what the session can never run fails in srun's words, and holds up nobody", async () => {
  await using bench = await SessionBench.open();
  const { id } = await bench.openSession({ nodes: 1, cpusPerTask: 2, memory: 500 });
  const [cpus, nodes, memory, gpus] = (await Promise.all([
    { cpusPerTask: 3 },
    { nodes: 2 },
    { memory: 9_000 },
    { gpusPerNode: 1 },
  ].map((resources) => bench.steps(id, ["exit 0"], { resources })))).flat();
  const [fine] = await bench.steps(id, ["exit 0"]);
  assert.ok(cpus && nodes && memory && gpus && fine);
  const ends = await bench.ends([cpus, nodes, memory, gpus, fine]);
  assert.deepEqual(ends.map(({ phase }) => phase), [
    "failed",
    "failed",
    "failed",
    "failed",
    "succeeded",
  ]);
  const words = ends.map(({ reason }) => reason?.text ?? "");
  assert.match(words[0] ?? "", /[Mm]ore processors requested|asked for 2/);
  assert.match(words[1] ?? "", /asked for 2/);
  assert.match(words[2] ?? "", /Memory required by task is not available/);
  assert.match(words[3] ?? "", /gres/i);
  assert.deepEqual(
    ends.slice(0, 4).map(({ reason }) => reason?.code),
    Array(4).fill("StepRefused"),
  );
});
