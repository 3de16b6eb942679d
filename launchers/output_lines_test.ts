import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import fc from "fast-check";
import { jobSpecSchema } from "../model/mod.ts";
import type { JobOutput } from "../model/mod.ts";
import { outputsOf } from "./mod.ts";
import { JobDirectory, Running, shellTest } from "./testing/job_directory.ts";
import type { Input } from "./testing/job_directory.ts";

type Outputs = NonNullable<Input["outputs"]>;

const ODD = 'it\'s $(id)\n"ä" *\x1f';

function job(script: string, outputs: Outputs, rest: Omit<Input, "payload"> = {}): Input {
  return { payload: { kind: "command", command: ["sh", "-c", script] }, outputs, ...rest };
}

function sha256(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}

/** What the job's script says became of the outputs. */
async function told(
  directory: JobDirectory,
  input: Input,
  task?: number,
): Promise<readonly JobOutput[]> {
  const spec = jobSpecSchema.parse({ cluster: "here", ...input });
  const name = task === undefined ? "manifest" : `manifest.${task}`;
  return outputsOf(spec, await Deno.readFile(join(directory.path, name)), directory.path, task);
}

const statuses = (outputs: readonly JobOutput[]) =>
  outputs.map(({ name, status }) => [name, status]);

const made = job(
  `echo one >outputs/a; printf two >'${ODD.replaceAll("'", `'\\''`)}'; mkdir -p d/e; echo 3 >d/e/f`,
  { a: {}, odd: { location: ODD }, d: { kind: "directory", location: "d" }, o: { optional: true } },
);
shellTest("what the job has made is told with size and checksum", made, async (directory) => {
  const { code, stderr } = await directory.run();
  assert.deepEqual([code, stderr], [0, ""]);
  const [a, odd, d, o] = await told(directory, made);
  assert.deepEqual(a, {
    status: "collected",
    name: "a",
    kind: "file",
    path: join(directory.path, "outputs/a"),
    bytes: 4,
    files: 1,
    sha256: sha256("one\n"),
  });
  assert.deepEqual([odd?.status, odd?.path], ["collected", join(directory.path, ODD)]);
  assert.ok(d?.status === "collected");
  assert.deepEqual([d.bytes, d.files], [2, 1]);
  assert.deepEqual(o?.status, "missing");
  assert.equal(await directory.record(), "12 0 0 -");
});

const missing = job("true", { "it's": {}, o: { optional: true } });
shellTest("without an output that it must make the job fails", missing, async (directory) => {
  const { code, stderr } = await directory.run();
  const place = join(directory.path, "outputs/it's");
  assert.deepEqual([code, stderr], [95, `sluice: the output it's is missing: ${place}\n`]);
  assert.equal(await directory.record(), "12 0 95 -");
  assert.deepEqual((await directory.spooled()).at(-1)?.split(" ").slice(3), ["end", "95", "-"]);
  assert.deepEqual(statuses(await told(directory, missing)), [["it's", "missing"], [
    "o",
    "missing",
  ]]);
});

const outside = job(
  [
    'd=$SLUICE_JOB_DIRECTORY; echo secret >"$d/../secret"; mkdir -p "$d/../far"; echo x >"$d/../far/x"',
    'ln -s ../../secret outputs/link; ln -s "$d/../far" up; ln -s secret "$HOME/../away"',
    'echo in >"$d/real"; ln -s ../real outputs/inner',
  ].join("\n"),
  {
    link: {},
    far: { location: "up/x" },
    whole: { kind: "directory", location: "up" },
    inner: {},
    all: { kind: "directory", location: "." },
  },
);
shellTest("a link out of the directory is no output", outside, async (directory) => {
  const { code, stderr } = await directory.run();
  assert.equal(code, 96, stderr);
  assert.deepEqual(statuses(await told(directory, outside)), [
    ["link", "outside"],
    ["far", "outside"],
    ["whole", "outside"],
    ["inner", "collected"],
    ["all", "collected"],
  ]);
  assert.match(stderr, /^sluice: the output link leads out of its directory: /);
});

const absolute = job(
  'mkdir -p "$HOME/x"; echo one >"$HOME/x/a"; ln -s a "$HOME/x/b"; ln -s ../job.sh "$HOME/x/c"; ln -s x "$HOME/y"',
  {
    a: { location: "~/x/a" },
    b: { location: "~/x/b" },
    c: { location: "~/x/c" },
    through: { location: "~/y/a" },
    itself: { kind: "directory", location: "~/y" },
  },
);
shellTest(
  "of an absolute place only the output itself must not lead away",
  absolute,
  async (directory) => {
    const { code } = await directory.run();
    assert.equal(code, 96);
    assert.deepEqual(statuses(await told(directory, absolute)), [
      ["a", "collected"],
      ["b", "collected"],
      ["c", "outside"],
      ["through", "collected"],
      ["itself", "collected"],
    ]);
  },
);

const wrongKind = job("mkdir outputs/a; echo >outputs/b", { a: {}, b: { kind: "directory" } });
shellTest("what is of another kind counts as missing", wrongKind, async (directory) => {
  const { code, stderr } = await directory.run();
  assert.equal(code, 95);
  assert.match(stderr, /the output a is no file: .*\n.*the output b is no directory: /);
});

const failing = job("echo 1 >outputs/always; echo 2 >outputs/never; exit 3", {
  always: { collect: "always" },
  never: {},
  absent: { collect: "always" },
});
shellTest(
  "of a payload that fails only some is collected, and its status stays",
  failing,
  async (directory) => {
    const { code, stderr } = await directory.run();
    assert.deepEqual([code, stderr], [3, ""]);
    assert.deepEqual(statuses(await told(directory, failing)), [
      ["always", "collected"],
      ["never", "not_collected"],
      ["absent", "missing"],
    ]);
  },
);

const array = job('echo "$SLURM_ARRAY_TASK_ID" >"out-$SLURM_ARRAY_TASK_ID"', {
  a: { location: "out-%a" },
});
shellTest("each task of an array tells of its own", array, async (directory) => {
  for (const task of [3, 10]) {
    const { code, stderr } = await directory.run({
      SLURM_ARRAY_JOB_ID: "12",
      SLURM_ARRAY_TASK_ID: String(task),
    });
    assert.deepEqual([code, stderr], [0, ""]);
  }
  for (const task of [3, 10]) {
    const [output] = await told(directory, array, task);
    assert.ok(output?.status === "collected");
    assert.deepEqual([output.path, output.sha256], [
      join(directory.path, `out-${task}`),
      sha256(`${task}\n`),
    ]);
  }
});

const again = job('[ "$SLUICE_ATTEMPT" = 2 ] || echo 1 >outputs/a; exit 1', { a: {} });
shellTest("what an earlier attempt said is gone when another begins", again, async (directory) => {
  await directory.run();
  await directory.prepare(job("kill -s KILL $PPID", { a: {} }), 2, "attempt-2");
  await Deno.remove(join(directory.path, "begun"));
  await directory.run({}, "../spool", "attempt-2");
  await assert.rejects(Deno.stat(join(directory.path, "manifest")), Deno.errors.NotFound);
});

const unreadable = job("echo 1 >outputs/a; rm -rf outputs/d; mkdir outputs/d", {
  a: {},
  d: { kind: "directory" },
});
shellTest(
  "where nothing can be said of the outputs the job fails",
  unreadable,
  async (directory) => {
    await Deno.mkdir(join(directory.path, ".manifest"));
    const { code, stderr } = await directory.run();
    assert.equal(code, 95);
    assert.match(stderr, /sluice: what became of the outputs cannot be written to /);
  },
);

const early = job(
  "trap 'echo early >outputs/a; exit 0' USR1; echo ready; while :; do sleep 0.1; done",
  {
    a: {},
  },
  { signalBeforeLimit: { signal: "USR1", seconds: 60 } },
);
Deno.test("the outputs of a payload that is told of its limit are collected too", async () => {
  await using directory = await JobDirectory.create("bash", early);
  await using running = await Running.of(directory.start());
  await running.send("USR1");
  assert.equal(await running.code(), 0);
  assert.deepEqual(statuses(await told(directory, early)), [["a", "collected"]]);
});

Deno.test("whatever a manifest holds, there is something to be said of every output", () => {
  const { outputs } = jobSpecSchema.parse({
    cluster: "here",
    ...job("true", { a: {}, "b c": { kind: "directory" } }),
  });
  const field = fc.oneof(
    fc.string(),
    fc.constantFrom("collected", "missing", "a", "b c", "0", "12", "-", sha256("")),
  );
  fc.assert(fc.property(fc.array(field), fc.boolean(), (fields, whole) => {
    const text = fields.map((one) => `${one}\0`).join("") + (whole ? "" : "rest");
    const found = outputsOf({ outputs }, new TextEncoder().encode(text), "/job");
    assert.deepEqual(found.map(({ name }) => name), ["a", "b c"]);
  }));
  assert.deepEqual(outputsOf({ outputs }, new Uint8Array(), "/job", 3), [
    { status: "not_collected", name: "a", kind: "file", path: "/job/outputs/a.3" },
    { status: "not_collected", name: "b c", kind: "directory", path: "/job/outputs/b c.3" },
  ]);
});
