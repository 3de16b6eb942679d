/**
 * Scripts on the test cluster: the values of inputs in them, scripts that lie there, and what runs around payloads.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Sluice } from "../../actors/mod.ts";
import { scriptCase, value, valueList } from "../../launchers/testing/placeholder_cases.ts";
import type { ScriptCase } from "../../launchers/testing/placeholder_cases.ts";
import { SluiceError } from "../../model/mod.ts";
import type { JobSpecInput, JobView } from "../../model/mod.ts";
import { onCluster } from "../../scripts/testbed/mod.ts";
import { quote } from "../../shell/mod.ts";
import { readAll } from "./support/output.ts";
import { DEV, jobSpec, shellJob, Workspace } from "./support/workspace.ts";
import type { JobInput } from "./support/workspace.ts";

const resources = { memory: 50, time: 5 } as const;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

type Inputs = NonNullable<JobSpecInput["inputs"]>;

async function printed(sluice: Sluice, jobId: JobView["id"], task?: number): Promise<string> {
  const where = task === undefined ? { jobId } : { jobId, task };
  return decoder.decode(await readAll(sluice.jobs.logs({ ...where, follow: false })));
}

async function said(sluice: Sluice, jobId: JobView["id"]): Promise<string> {
  const logs = sluice.jobs.logs({ jobId, stream: "stderr", follow: false });
  return decoder.decode(await readAll(logs));
}

/** The words that a job has printed with a NUL behind each. */
async function words(sluice: Sluice, jobId: JobView["id"]): Promise<string[]> {
  return (await printed(sluice, jobId)).split("\0").slice(0, -1);
}

/** Runs the jobs side by side, and gives them as they have ended, in their order. */
async function run(sluice: Sluice, jobs: readonly JobInput[]): Promise<JobView[]> {
  const submitted = await sluice.jobs.submitMany(
    jobs.map((input) => jobSpec({ resources, ...input })),
  );
  return await Promise.all(submitted.map(({ id }) => sluice.jobs.wait(id)));
}

/** One that must be there. */
function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index];
  assert.ok(item !== undefined);
  return item;
}

/** Generated values, the same in each run. */
function samples<Value>(arbitrary: fc.Arbitrary<Value>, count: number): Value[] {
  return fc.sample(arbitrary, { numRuns: count, seed: 6 });
}

/** A job that runs the cases as one script of the shell, and what it must print. */
function scriptOf(shell: string, cases: readonly ScriptCase[]): [JobInput, readonly string[]] {
  const name = (index: number) => `it's "${index}" $(id) ä/..`;
  const inputs: Inputs = Object.fromEntries(
    cases.flatMap(({ value }, index) => value === undefined ? [] : [[name(index), value]]),
  );
  const lines = cases.map(({ code }, index) => code(`{inputs.${name(index)}}`));
  return [
    { payload: { kind: "script", script: [`#!/bin/${shell}`, ...lines, ""].join("\n") }, inputs },
    cases.flatMap(({ expected }) => expected),
  ];
}

Deno.test("whatever the values of inputs, the programs of a job get exactly them", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const cases = samples(scriptCase(), 400);
  const scripts = ["sh", "dash", "bash"].map((shell, index) =>
    scriptOf(shell, cases.slice(index * 130, (index + 1) * 130))
  );
  const values = samples(value(), 150);
  const lists = samples(valueList(), 20);
  const inputs: Inputs = Object.fromEntries([
    ...values.map((text, index) => [`-${index}'s`, text] as const),
    ...lists.map((list, index) => [`list ${index}`, list] as const),
  ]);
  const placeholders = [
    ...values.map((_, index) => `{inputs.-${index}'s}`),
    ...values.map((_, index) => `--a='{inputs.-${index}'s}$x{{inputs.no}}`),
    ...lists.map((_, index) => `{inputs.list ${index}}`),
  ];
  const expected = [
    ...values,
    ...values.map((text) => `--a='${text}$x{inputs.no}`),
    ...lists.flat(),
  ];
  const environment = Object.fromEntries(values.map((text, index) => [`V${index}`, text]));
  const variables = values.map((_, index) => `"$V${index}"`).join(" ");
  const jobs: [JobInput, readonly string[]][] = [
    ...scripts,
    [
      { payload: { kind: "command", command: ["printf", "%s\\0", ...placeholders] }, inputs },
      expected,
    ],
    [{
      payload: {
        kind: "script",
        script: "#!/bin/sh\nprintf '%s\\0' \"$@\"\n",
        arguments: placeholders,
      },
      inputs,
    }, expected],
    [
      shellJob(`printf '%s\\0' ${variables}`, { environment, before: [': "it\'s fine"'] }),
      values,
    ],
  ];
  const ended = await run(sluice, jobs.map(([job]) => job));
  for (const [index, { id, phase }] of ended.entries()) {
    assert.equal(phase, "succeeded", await said(sluice, id));
    assert.deepEqual(await words(sluice, id), at(jobs, index)[1]);
    assert.equal(await said(sluice, id), "");
  }
});

Deno.test("what a placeholder cannot stand for is refused before anything is journaled or sent", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  for (
    const [script, code] of [
      ["echo {inputs.y}", "UNKNOWN_PLACEHOLDER"],
      ["echo `echo {inputs.x}`", "PLACEHOLDER_MISPLACED"],
      ['echo "{inputs.list}"', "PLACEHOLDER_LIST"],
    ] as const
  ) {
    const spec = jobSpec(shellJob(script, { inputs: { x: "'", list: ["a"] } }));
    for (const ask of [sluice.jobs.submit, sluice.jobs.preview]) {
      await assert.rejects(async () => await ask(spec), (error: unknown) => {
        assert.ok(error instanceof SluiceError);
        assert.equal(error.code, code);
        assert.match(error.message, /^Line 2 of the script/);
        return true;
      });
    }
  }
  assert.deepEqual((await sluice.jobs.list({})).jobs, []);
});

Deno.test("commands before and after a payload, a start-up file, srun and a wrapper are all honoured", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const bashrc = workspace.file("it's.bashrc");
  const after = workspace.file("after");
  const made = await onCluster(["sh"], {
    stdin: `printf 'export FROM_RC=read; echo noise\\n' >${quote(bashrc.path)}`,
  });
  assert.equal(made.code, 0, made.stderr);
  const session = await sluice.sessions.open({
    cluster: DEV,
    resources: { nodes: 2, cpusPerTask: 2, memory: 500, time: 5 },
  });
  const where = 'echo "$SLURM_PROCID of $SLURM_NTASKS, $WRAPPED $FROM_RC $X"';
  const everything: JobInput = {
    ...shellJob(where),
    bashrc: bashrc.path,
    before: ["X='set before'", "export X"],
    after: ['echo "after $SLUICE_EXIT_CODE $X"'],
    srun: { options: { label: true, "kill-on-bad-exit": 1 } },
    wrapper: ["env", "WRAPPED={inputs.w}"],
    inputs: { w: "it's wrapped" },
    environment: { LABEL: "y" },
    resources: { nodes: 2, tasks: 2, memory: 50, time: 5 },
  };
  const component = { ...everything, resources: { nodes: 2, tasks: 2, memory: 50 } };
  const tale = [
    "0: 0 of 2, it's wrapped read set before",
    "1: 1 of 2, it's wrapped read set before",
    "after 0 set before",
  ];
  const toCancel = await sluice.jobs.submit(jobSpec(shellJob("echo ready; sleep 300 & wait", {
    resources,
    after: [`echo "after $SLUICE_EXIT_CODE" >${quote(after.path)}`],
  })));
  const [own, step, components, failing, afterwards] = await run(sluice, [
    everything,
    { ...everything, session: session.id },
    { ...shellJob("true"), components: [component] },
    { ...shellJob("echo never"), before: ["true", "echo 'open"] },
    { ...shellJob("echo payload"), after: ["exit 3"] },
  ]);
  assert.ok(own && step && components && failing && afterwards);
  for (const { id, phase } of [own, step]) {
    assert.equal(phase, "succeeded", await said(sluice, id));
    assert.deepEqual((await printed(sluice, id)).trim().split("\n").toSorted(), tale);
    assert.equal(await said(sluice, id), "noise\n");
  }
  assert.equal(components.phase, "succeeded");
  assert.deepEqual((await printed(sluice, components.id, 1)).trim().split("\n").toSorted(), tale);
  assert.deepEqual([failing.phase, failing.exitCode], ["failed", 97]);
  assert.match(await said(sluice, failing.id), /command 2 of 'before'/);
  assert.deepEqual([afterwards.phase, afterwards.exitCode], ["failed", 99]);
  await sluice.jobs.cancel(toCancel.id);
  assert.equal((await sluice.jobs.wait(toCancel.id)).phase, "cancelled");
  assert.match(await after.read(), /^(after 143\n)?$/);
  await sluice.sessions.close(session.id);
});

Deno.test("a script on the cluster runs as any job, its #SBATCH lines honoured below what the spec says", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const runnable = workspace.file("run it's.sh");
  const plain = workspace.file("plain.sh");
  const missing = workspace.file("missing.sh");
  const script = [
    "#SBATCH --time=7 --mem=80",
    "#SBATCH --comment=mine",
    "squeue -h -j \"$SLURM_JOB_ID\" -o '%l %m' | head -n 1",
    'printf "%s|" "$@"; echo "${SLURM_ARRAY_TASK_ID:-none}"',
    "#SBATCH --time=9",
    "",
  ].join("\n");
  const made = await onCluster(["sh"], {
    stdin: [
      `printf %s ${quote(`#!/bin/bash\n${script}`)} >${quote(runnable.path)}`,
      `chmod 755 ${quote(runnable.path)}`,
      `printf %s ${quote(`#!/bin/sh -e\n${script}`)} >${quote(plain.path)}`,
      `chmod 644 ${quote(plain.path)}`,
      "",
    ].join("\n"),
  });
  assert.equal(made.code, 0, made.stderr);
  const remote = (path: string): JobInput["payload"] => ({
    kind: "remote_script",
    path,
    arguments: ["a b", "{inputs.x}"],
  });
  const inputs: Inputs = { x: ["1", "it's"] };
  const own: JobInput = { payload: remote(runnable.path), inputs, resources: { memory: 50 } };
  const [alone, wins, array, components, refused] = await run(sluice, [
    own,
    { payload: remote(plain.path), inputs, resources: { time: 5 } },
    { ...own, resources: { memory: 50, array: "3-4" } },
    {
      ...shellJob("true", { resources: { memory: 50 } }),
      components: [{ ...own, payload: remote(plain.path), resources: { memory: 60 } }],
    },
    { ...own, payload: remote(missing.path) },
  ]);
  assert.ok(alone && wins && array && components && refused);
  for (const job of [alone, wins, array, components]) {
    assert.equal(job.phase, "succeeded", job.reason?.text);
  }
  assert.equal(await printed(sluice, alone.id), "7:00 50M\na b|1|it's|none\n");
  assert.equal(await printed(sluice, wins.id), "5:00 80M\na b|1|it's|none\n");
  assert.equal(await printed(sluice, array.id, 4), "7:00 50M\na b|1|it's|4\n");
  assert.match(await printed(sluice, components.id, 1), /\na b\|1\|it's\|none\n$/);
  assert.deepEqual(alone.scripts, [{ component: 0, directives: ["#SBATCH --time=7 --mem=80"] }]);

  assert.equal(refused.phase, "failed");
  assert.equal(refused.error?.code, "REMOTE_SCRIPT_MISSING");
  assert.equal(refused.schedulerId, undefined);
  const sent = await onCluster(["test", "-e", refused.directory]);
  assert.notEqual(sent.code, 0, "nothing of it was sent");
});
