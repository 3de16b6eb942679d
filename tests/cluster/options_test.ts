/**
 * Options, resources and accounts as clusters have them.
 */

import assert from "node:assert/strict";
import type { Sluice } from "../../actors/mod.ts";
import type { JobView } from "../../model/mod.ts";
import { onCluster } from "../../scripts/testbed/mod.ts";
import { quote } from "../../shell/mod.ts";
import { untilThere } from "./support/gate.ts";
import { readAll } from "./support/output.ts";
import { DEV, jobSpec, shellJob, Workspace } from "./support/workspace.ts";
import type { ConfigOverrides, JobInput } from "./support/workspace.ts";

interface Done {
  readonly view: JobView;
  readonly stdout: string;
  readonly stderr: string;
}

async function outputs(sluice: Sluice, view: JobView): Promise<Done> {
  const read = async (stream: "stdout" | "stderr") =>
    new TextDecoder().decode(
      await readAll(sluice.jobs.logs({ jobId: view.id, stream, offset: 0, follow: false })),
    );
  return { view, stdout: await read("stdout"), stderr: await read("stderr") };
}

/** Runs a job to its end. */
async function run(sluice: Sluice, input: JobInput): Promise<Done> {
  const { id } = await sluice.jobs.submit(jobSpec(input));
  return await outputs(sluice, await sluice.jobs.wait(id));
}

/** Runs a job that must succeed and say nothing on its standard error; gives what it printed. */
async function printed(sluice: Sluice, input: JobInput): Promise<string> {
  const { view, stdout, stderr } = await run(sluice, input);
  assert.equal(view.phase, "succeeded", JSON.stringify({ view, stdout, stderr }));
  assert.equal(stderr, "");
  return stdout;
}

const small = { memory: 50, cpusPerTask: 1 } as const;

/** Strings that a shell, sbatch or the job's script might mangle. */
const awkward: readonly string[] = [
  "",
  " leading and trailing ",
  "two\nlines\n",
  `it's "quoted" \`back\` $(echo no) \${HOME} $HOME`,
  "back\\slash \\n \\",
  "*?[a-z]{x,y}~ # ! & | ; < > ( )",
  "-n",
  "--",
  "tab\tand\x1f\x1e\x01",
  "ünï©ødé 漢字 🙂",
  "%j %a %x %%",
  "a,b=c:d@e",
];

const nul = (values: readonly string[]) => values.map((value) => `${value}\0`).join("");

Deno.test("values of the environment and arguments reach the payload as they are", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const environment = Object.fromEntries(awkward.map((value, index) => [`V${index}`, value]));
  const variables = awkward.map((_, index) => `"$V${index}"`).join(" ");
  const [byScript, byCommand, fromEnvironment] = await Promise.all([
    printed(sluice, {
      payload: {
        kind: "script",
        script: "#!/bin/sh\nprintf '%s\\0' \"$@\"\n",
        arguments: [...awkward],
      },
      resources: small,
    }),
    printed(sluice, {
      payload: { kind: "command", command: ["printf", "%s\\0", ...awkward] },
      resources: small,
    }),
    printed(sluice, shellJob(`printf '%s\\0' ${variables}`, { environment, resources: small })),
  ]);
  assert.equal(byScript, nul(awkward));
  assert.equal(byCommand, nul(awkward));
  assert.equal(fromEnvironment, nul(awkward));
});

Deno.test("resources become what Slurm gives the job", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const { facts } = workspace;
  const gpuPartition = facts.partitions.find(({ name }) => name === "gpu") ?? assert.fail();
  const [gpus, hosts, packed, charged] = await Promise.all([
    printed(
      sluice,
      shellJob('echo "$CUDA_VISIBLE_DEVICES $SLURM_JOB_PARTITION $SLURM_JOB_NODELIST"', {
        resources: { ...small, partition: "gpu", gpus: 2 },
      }),
    ),
    printed(
      sluice,
      shellJob("srun hostname | sort", {
        resources: { memory: 50, nodes: 4, tasksPerNode: 1 },
      }),
    ),
    printed(
      sluice,
      shellJob(
        'echo "$SLURM_NTASKS $SLURM_CPUS_PER_TASK $SLURM_MEM_PER_CPU $SLURM_JOB_NUM_NODES"',
        {
          resources: { nodes: 1, tasks: 2, cpusPerTask: 2, memoryPerCpu: "60M" },
        },
      ),
    ),
    printed(
      sluice,
      shellJob('echo "$SLURM_JOB_ACCOUNT $SLURM_JOB_QOS"', {
        resources: { ...small, account: facts.slurmAccount, qos: "normal" },
      }),
    ),
  ]);
  const [devices, partition, node] = gpus.trim().split(" ");
  assert.equal(devices, "0,1");
  assert.equal(partition, "gpu");
  assert.ok(gpuPartition.nodes.includes(node ?? ""));
  assert.deepEqual(hosts.trim().split("\n"), ["n1", "n2", "n3", "n4"]);
  assert.equal(packed, "2 2 60 1\n");
  assert.equal(charged, `${facts.slurmAccount} normal\n`);
});

Deno.test("jobs run on the nodes that they name, on none that they exclude, and alone where they ask", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const feature = `f${crypto.randomUUID().slice(0, 8)}`;
  const setFeatures = async (value: string) => {
    const features = [`AvailableFeatures=${value}`, `ActiveFeatures=${value}`];
    const { code, stderr } = await onCluster(
      ["scontrol", "update", "NodeName=n3", ...features],
      { root: true },
    );
    assert.equal(code, 0, stderr);
  };
  await setFeatures(feature);
  try {
    const where = (resources: JobInput["resources"]) =>
      printed(sluice, shellJob("hostname", { resources: { memory: 50, ...resources } }));
    const [named, left, constrained, alone] = await Promise.all([
      where({ nodeList: "n2" }),
      where({ exclude: "n[1-3]" }),
      where({ constraint: feature }),
      printed(
        sluice,
        shellJob('echo "$SLURM_JOB_CPUS_PER_NODE"', {
          resources: { memory: 50, nodes: 1, exclusive: true },
        }),
      ),
    ]);
    assert.equal(named, "n2\n");
    assert.equal(left, "n4\n");
    assert.equal(constrained, "n3\n");
    assert.equal(alone, "8\n");
  } finally {
    await setFeatures("");
  }
});

Deno.test("a job that depends on another waits for it, and never runs when it fails", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const order = workspace.file("order");
  // Until each of those that depend on another is in the queue.
  const go = workspace.file("go");
  const gate = untilThere(go.path);
  const say = (word: string) => `[ -n "$SLURM_JOB_ID" ] && echo ${word} >>${quote(order.path)}`;
  const submitted = async (input: JobInput) => {
    const { id } = await sluice.jobs.submit(jobSpec(input));
    for await (const { fact } of sluice.jobs.events({ jobId: id })) {
      if (fact.type === "submitted") return { id, schedulerId: fact.schedulerId };
    }
    assert.fail("the feed ended before the job was submitted");
  };
  const first = await submitted(shellJob(`${gate}; ${say("first")}`, { resources: small }));
  const second = await submitted(
    shellJob(say("second"), {
      resources: { ...small, dependency: `afterok:${first.schedulerId}` },
    }),
  );
  const failing = await submitted(shellJob(`${gate}; exit 1`, { resources: small }));
  const never = await submitted(
    shellJob(say("never"), {
      resources: { ...small, dependency: `afterok:${failing.schedulerId}` },
      options: { "kill-on-invalid-dep": "yes" },
    }),
  );
  await Deno.writeTextFile(go.path, "");
  const [one, two, , dead] = await Promise.all(
    [first, second, failing, never].map(({ id }) => sluice.jobs.wait(id)),
  );
  assert.equal(one?.phase, "succeeded");
  assert.equal(two?.phase, "succeeded");
  assert.equal(dead?.phase, "cancelled", JSON.stringify(dead));
  assert.equal(await order.read(), "first\nsecond\n");
});

Deno.test("any other option of sbatch is given by its name", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const show = shellJob('scontrol show job "$SLURM_JOB_ID"', {
    name: "named in full",
    resources: { ...small, time: "7" },
    options: { nice: 50, "no-requeue": true, "mail-type": "END,FAIL", hold: false },
  });
  const shown = await printed(sluice, show);
  for (const wanted of ["JobName=named in full", "Nice=50", "Requeue=0", "TimeLimit=00:07:00"]) {
    assert.ok(shown.includes(wanted), `${wanted} is not in ${shown}`);
  }
});

Deno.test("a script's #SBATCH lines are honoured, and what the job itself names wins", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const script = [
    "#!/bin/bash",
    "#SBATCH --nodes=2 --ntasks-per-node 1",
    '#SBATCH -J "in vain"',
    "#SBATCH --mem=50 --time=9 # a remark",
    "# plain comment",
    "#SBATCH --nice=40",
    'scontrol show job "$SLURM_JOB_ID"',
    "#SBATCH --nice=90",
    "",
  ].join("\n");
  const [honoured, overruled] = await Promise.all([
    printed(sluice, { payload: { kind: "script", script } }),
    printed(sluice, {
      payload: { kind: "script", script },
      name: "wins",
      resources: { nodes: 1, time: 6 },
      options: { nice: 30 },
    }),
  ]);
  for (const wanted of ["NumNodes=2 ", "JobName=sluice\n", "TimeLimit=00:09:00", "Nice=40"]) {
    assert.ok(honoured.includes(wanted), `${wanted} is not in ${honoured}`);
  }
  for (const wanted of ["NumNodes=1 ", "JobName=wins\n", "TimeLimit=00:06:00", "Nice=30"]) {
    assert.ok(overruled.includes(wanted), `${wanted} is not in ${overruled}`);
  }
});

Deno.test("a job starts in its own directory, or where it is told to", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const here = shellJob("pwd", { resources: small });
  const [own, home, absolute, nowhere] = await Promise.all([
    run(sluice, here),
    run(sluice, { ...here, workingDirectory: "~" }),
    run(sluice, { ...here, workingDirectory: "/tmp" }),
    run(sluice, { ...here, workingDirectory: "/nonexistent" }),
  ]);
  assert.equal(own.stdout, `${workspace.remoteDirectory}/jobs/${own.view.id}\n`);
  assert.equal(home.stdout, `${workspace.facts.home}\n`);
  assert.equal(absolute.stdout, "/tmp\n");
  assert.equal(nowhere.view.phase, "failed");
  assert.equal(nowhere.view.exitCode, 72);
  assert.match(nowhere.stderr, /\/nonexistent/);
});

/** A job through an account or a shell of its own kind: it must be as good as any other. */
async function worksThrough(workspace: Workspace, overrides: ConfigOverrides): Promise<string> {
  await using sluice = await workspace.open(overrides);
  const stdout = await printed(
    sluice,
    shellJob('printf "%s\\n" "$USER" "$FROM_PRELUDE"', { resources: small }),
  );
  const failed = await run(
    sluice,
    shellJob("echo out; echo err >&2; exit 3", { resources: small }),
  );
  assert.equal(failed.view.exitCode, 3);
  assert.equal(failed.stdout, "out\n");
  assert.equal(failed.stderr, "err\n");
  const long = await sluice.jobs.submit(jobSpec(shellJob("exec sleep 600", { resources: small })));
  for await (const { fact } of sluice.jobs.events({ jobId: long.id })) {
    if (fact.type === "running") break;
  }
  assert.equal((await sluice.jobs.cancel(long.id)).accepted, true);
  assert.equal((await sluice.jobs.wait(long.id)).phase, "cancelled");
  const probe = await sluice.clusters.probe(DEV);
  assert.match(probe.scheduler, /^Slurm \d+\./);
  assert.deepEqual(probe.partitions.map(({ name }) => name), ["debug", "gpu"]);
  return stdout;
}

Deno.test("an account whose profiles and banner are noisy does no harm", async () => {
  await using workspace = await Workspace.make(({ accounts }) => accounts.noisy.home);
  const { name, password } = workspace.facts.accounts.noisy;
  const account = { user: name, auth: { password } };
  assert.equal(await worksThrough(workspace, account), `${name}\n\n`);
  assert.equal(
    await worksThrough(workspace, { ...account, shell: { command: "bash", login: true } }),
    `${name}\n\n`,
  );
});

Deno.test("an account whose shell is csh works", async () => {
  await using workspace = await Workspace.make(({ accounts }) =>
    accounts.csh?.home ?? assert.fail("no csh account")
  );
  const { name, password } = workspace.facts.accounts.csh ?? assert.fail();
  assert.equal(
    await worksThrough(workspace, { user: name, auth: { password } }),
    `${name}\n\n`,
  );
});

Deno.test("a login shell and a prelude prepare what jobs are submitted from", async () => {
  await using workspace = await Workspace.make();
  const shell = {
    command: "bash",
    login: true,
    prelude: "echo noise; echo more noise >&2\nexport FROM_PRELUDE='a  b'",
  };
  assert.equal(await worksThrough(workspace, { shell }), `${workspace.facts.user}\na  b\n`);
});

Deno.test("Slurm's commands are found where the configuration says", async () => {
  await using workspace = await Workspace.make();
  const { path } = workspace.file("bin");
  const log = workspace.file("called");
  const made = await onCluster(["sh"], {
    stdin: [
      `mkdir -p ${quote(path)} && cd ${quote(path)} || exit`,
      "for name in sbatch squeue sacct scancel scontrol sinfo srun; do",
      `  printf '#!/bin/sh\\necho %s >>%s\\nexec %s "$@"\\n' "$name" ${
        quote(log.path)
      } "$(command -v $name)" >$name`,
      "  chmod 755 $name",
      "done",
      "",
    ].join("\n"),
  });
  assert.equal(made.code, 0, made.stderr);
  await worksThrough(workspace, { slurmPath: path });
  await using sluice = await workspace.open({ slurmPath: path });
  const tasks = await printed(
    sluice,
    // What prepares the payload may leave no trace of them in PATH.
    shellJob("echo task", { resources: small, srun: true, before: ["PATH=/usr/bin:/bin"] }),
  );
  assert.equal(tasks, "task\n");
  const called = new Set((await log.read()).trim().split("\n"));
  for (const name of ["sbatch", "squeue", "scancel", "scontrol", "sinfo", "srun"]) {
    assert.ok(called.has(name), `${name} was not called there`);
  }
});
