import assert from "node:assert/strict";
import { SluiceError } from "../model/mod.ts";
import { jobSpec, submitOptionsSchema } from "./job_spec.ts";

const payload = { kind: "command" as const, command: ["true"] };

function spec(options: Record<string, unknown>) {
  return jobSpec("dev", payload, submitOptionsSchema.parse(options));
}

function refusal(options: Record<string, unknown>): SluiceError {
  try {
    spec(options);
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
  assert.fail("it was taken");
}

Deno.test("every resource option ends in the field that it names", () => {
  assert.deepEqual(
    spec({
      nodes: "2",
      ntasks: "8",
      ntasksPerNode: "4",
      cpusPerTask: "2",
      mem: "4G",
      gpus: "a100:2",
      gpusPerNode: "1",
      time: "90",
      partition: "debug,gpu",
      account: "lab",
      qos: "high",
      constraint: "skylake&ib",
      reservation: "course",
      nodelist: "n[1-2]",
      exclude: "n3",
      exclusive: true,
      begin: "now+1hour",
      dependency: "afterok:12",
      array: "0-19%5",
    }).resources,
    {
      nodes: 2,
      tasks: 8,
      tasksPerNode: 4,
      cpusPerTask: 2,
      memory: "4G",
      gpus: "a100:2",
      gpusPerNode: 1,
      time: 90,
      partition: "debug,gpu",
      account: "lab",
      qos: "high",
      constraint: "skylake&ib",
      reservation: "course",
      nodeList: "n[1-2]",
      exclude: "n3",
      exclusive: true,
      begin: "now+1hour",
      dependency: "afterok:12",
      array: "0-19%5",
    },
  );
  assert.deepEqual(spec({ memPerCpu: "500", nodes: "2-4", exclusive: "user" }).resources, {
    memoryPerCpu: 500,
    nodes: "2-4",
    exclusive: "user",
  });
});

Deno.test("names, variables, labels and other options are taken as they are", () => {
  const made = spec({
    name: "a job",
    env: ["A=1", "B=x=y", "C="],
    label: ["team=blue"],
    option: ["mail-type=END", "requeue", "--comment=a b"],
    chdir: "~/work",
  });
  assert.equal(made.name, "a job");
  assert.deepEqual(made.environment, { A: "1", B: "x=y", C: "" });
  assert.deepEqual(made.labels, { team: "blue" });
  assert.deepEqual(made.options, { "mail-type": "END", requeue: true, comment: "a b" });
  assert.equal(made.workingDirectory, "~/work");
});

Deno.test("what is wrong is told before anything is sent", () => {
  assert.match(refusal({ env: ["A"] }).message, /--env A: there is no value/);
  assert.match(refusal({ label: ["=x"] }).message, /--label =x/);
  assert.match(refusal({ ntasks: "many" }).message, /resources\.tasks: must be/);
  assert.match(refusal({ ntasks: "" }).message, /resources\.tasks: must be/);
  assert.match(refusal({ name: "a\nb" }).message, /name: a job name must be/);
  assert.match(refusal({ name: "caf\uFFFD" }).message, /name: a job name must be/);
  assert.match(refusal({ env: ["A-B=1"] }).message, /environment\.A-B/);
});

Deno.test("a number of copies is taken as a number, and not together with an array", () => {
  assert.equal(spec({ count: "200" }).count, 200);
  assert.equal(spec({}).count, undefined);
  assert.match(refusal({ count: "many" }).message, /count: must be/);
  assert.match(refusal({ count: "2", array: "0-1" }).message, /count/);
});

Deno.test("of a file and the options the options win, field by field", () => {
  const file = {
    payload: { kind: "script", script: "#!/bin/sh\n" },
    launcher: { kind: "ray" },
    name: "of the file",
    resources: { nodes: 4, time: 10 },
    environment: { A: "1", B: "2" },
  };
  const options = submitOptionsSchema.parse({ name: "mine", time: "20", env: ["B=3"] });
  const { resources, environment, name, launcher, payload } = jobSpec(
    "dev",
    undefined,
    options,
    file,
  );
  assert.deepEqual({ resources, environment, name }, {
    resources: { nodes: 4, time: 20 },
    environment: { A: "1", B: "3" },
    name: "mine",
  });
  assert.equal(launcher.kind, "ray");
  assert.equal(payload.kind, "script");
});

Deno.test("what is wrong in a file is told by the names of its fields", () => {
  const options = submitOptionsSchema.parse({});
  for (
    const [file, words] of [
      [{ resources: 3 }, /resources/],
      [{ launcher: { kind: "rey" } }, /launcher/],
      [{ nods: 3 }, /nods/],
    ] as const
  ) {
    assert.throws(() => jobSpec("dev", payload, options, file), (error) => {
      assert.ok(error instanceof SluiceError);
      assert.match(error.message, words);
      return true;
    });
  }
});

Deno.test("software is named by one kind of option", () => {
  assert.deepEqual(spec({}).software, { kind: "none" });
  assert.deepEqual(spec({ module: ["gcc/12", "cuda"] }).software, {
    kind: "modules",
    modules: ["gcc/12", "cuda"],
    purge: true,
  });
  assert.deepEqual(spec({ conda: "tides" }).software, { kind: "conda", environment: "tides" });
  assert.deepEqual(spec({ venv: "~/venv" }).software, { kind: "venv", path: "~/venv" });
  assert.deepEqual(spec({ archive: "/tmp/tides.tar", activate: "bin/activate" }).software, {
    kind: "archive",
    path: "/tmp/tides.tar",
    activate: "bin/activate",
  });
  assert.match(refusal({ conda: "tides", venv: "~/venv" }).message, /one kind of software/);
  assert.match(refusal({ activate: "bin/activate" }).message, /--activate does nothing/);
});

Deno.test("what a payload takes in and what runs around it is said by options too", async () => {
  const directory = await Deno.makeTempDir({ prefix: "sluice-options-" });
  const { inputs, before, after, bashrc, srun, wrapper } = spec({
    input: ["rate=0.1", "it's=a=b"],
    inputFile: [`data=${directory}`, `table=${directory}/no-such-file`],
    before: ["module load gcc", "export A=1"],
    after: ["cp out /archive"],
    bashrc: true,
    srunOption: ["cpu-bind=cores", "label"],
    wrapper: "nsys profile  -o out",
  });
  await Deno.remove(directory);
  assert.deepEqual(inputs, {
    rate: "0.1",
    "it's": "a=b",
    data: { directory },
    table: { file: `${directory}/no-such-file` },
  });
  assert.deepEqual([before, after], [["module load gcc", "export A=1"], ["cp out /archive"]]);
  assert.deepEqual([bashrc, wrapper], [true, ["nsys", "profile", "-o", "out"]]);
  assert.deepEqual(srun, { options: { "cpu-bind": "cores", label: true } });
  assert.equal(spec({ srun: true }).srun, true);
  assert.equal(refusal({ input: ["x"] }).code, "USAGE");
});
