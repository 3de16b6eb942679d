import assert from "node:assert/strict";
import { join } from "node:path";
import { attemptId, jobSpecSchema } from "../model/mod.ts";
import { AFTER_EXIT_CODE, BASHRC_EXIT_CODE, BEFORE_EXIT_CODE, jobScript, launch } from "./mod.ts";
import { goldenScripts } from "./testing/golden.ts";
import { JobDirectory, jobId, Running, SHELLS, shellTest } from "./testing/job_directory.ts";
import type { Input } from "./testing/job_directory.ts";

const payload = (text: string): Input["payload"] => ({
  kind: "command",
  command: ["sh", "-c", text],
});

shellTest("commands before the payload are in the shell that becomes it", {
  before: ["x='it is'; export x", 'export y="$x $1here"\ncd /', "f() { :; }; f # it's"],
  payload: payload('echo "$x, $y, $PWD"'),
}, async (job) => {
  assert.deepEqual(await job.run(), { code: 0, stdout: "it is, it is here, /\n", stderr: "" });
});

for (
  const [what, command, status] of [
    ["fails", "false", 1],
    ["ends the shell", "exit 0", 0],
    ["has an open quote", "echo 'open", undefined],
    ["has an open bracket", "( true", undefined],
    ["names no command", "no-such-command-$$", 127],
    ["needs a variable that there is not", "set -u; : $no_such_variable", undefined],
  ] as const
) {
  shellTest(`one of them that ${what} ends the job, with its number`, {
    before: ["true", command, "echo never"],
    payload: payload("echo never"),
    after: ["echo never"],
  }, async (job) => {
    const { code, stdout, stderr } = await job.run();
    assert.equal(code, BEFORE_EXIT_CODE);
    assert.equal(stdout, "");
    assert.match(stderr, /^sluice: command 2 of 'before' ended the job, with exit status \d+\.$/m);
    if (status !== undefined) assert.match(stderr, new RegExp(`status ${status}\\.`));
    assert.equal(await job.record(), `12 0 ${BEFORE_EXIT_CODE} -`);
  });
}

shellTest("commands after the payload see how it ended, and all that came before", {
  before: ["x=before", "set -e"],
  after: ['echo "$x $SLUICE_EXIT_CODE $PWD"', "sh -c 'echo $SLUICE_EXIT_CODE'"],
  payload: payload("echo payload; exit 7"),
}, async (job) => {
  const stdout = `payload\nbefore 7 ${job.path}\n7\n`;
  assert.deepEqual(await job.run(), { code: 7, stdout, stderr: "" });
  assert.equal(await job.record(), "12 0 7 -");
});

shellTest("one of them that fails makes a job fail that had succeeded; the others still run", {
  after: ["exit_code=3; (exit $exit_code)", "echo 'open", "echo last"],
  payload: payload("echo payload"),
}, async (job) => {
  const { code, stdout, stderr } = await job.run();
  assert.equal(code, AFTER_EXIT_CODE);
  assert.equal(stdout, "payload\nlast\n");
  assert.match(stderr, /^sluice: command 1 of 'after' failed, with exit status 3\.$/m);
  assert.match(stderr, /^sluice: command 2 of 'after' failed/m);
});

shellTest("the exit status of a payload that failed is the job's, whatever comes after it", {
  after: ["false", "exit 4", "echo never"],
  payload: payload("exit 9"),
}, async (job) => {
  const { code, stdout } = await job.run();
  assert.deepEqual([code, stdout], [9, ""]);
});

shellTest("what a signal ends is told as without commands after it", {
  after: ["echo $SLUICE_EXIT_CODE"],
  payload: payload("kill -s KILL $$"),
}, async (job) => {
  assert.deepEqual(await job.run(), { code: 137, stdout: "137\n", stderr: "" });
});

shellTest("a signal to the whole job reaches the payload, and what comes after it still runs", {
  after: ['echo "after $SLUICE_EXIT_CODE"'],
  payload: payload("trap 'echo told; exit 5' TERM; echo ready; while :; do sleep 0.01; done"),
}, async (job) => {
  await using running = await Running.of(job.start());
  await running.send("TERM", -running.pid);
  await running.printed("told\nafter 5\n");
  assert.equal(await running.code(), 5);
  assert.equal(await job.record(), "12 0 5 TERM");
});

shellTest("a payload that expects no signal ends by it, with commands after it too", {
  after: ['echo "after $SLUICE_EXIT_CODE"'],
  payload: payload("echo ready; sleep 60 & wait"),
}, async (job) => {
  await using running = await Running.of(job.start());
  await running.send("TERM", -running.pid);
  await running.printed("after 143\n");
  assert.equal(await running.code(), 143);
  assert.equal(await job.record(), "12 0 143 TERM");
});

shellTest("a job that is told to end before its payload has begun ends so", {
  before: ["echo ready; while [ ! -e go ]; do sleep 0.01; done"],
  after: ["echo never"],
  payload: payload("echo never"),
}, async (job) => {
  await using running = await Running.of(job.start());
  await running.send("TERM", -running.pid);
  await Deno.writeTextFile(join(job.path, "go"), "");
  assert.equal(await running.code(), 143);
  assert.equal(await job.record(), "12 0 143 TERM");
});

Deno.test("the signal before the time limit reaches a payload that something comes after", async () => {
  await using job = await JobDirectory.create("bash", {
    after: ['echo "after $SLUICE_EXIT_CODE"'],
    payload: payload("trap 'echo saved; exit 5' USR1; echo ready; while :; do sleep 0.01; done"),
    signalBeforeLimit: { signal: "USR1" },
  });
  await using running = await Running.of(job.start());
  await running.send("USR1");
  await running.printed("saved\nafter 5\n");
  assert.equal(await running.code(), 5);
});

for (const shell of SHELLS) {
  Deno.test(`a start-up file is read first, and what it prints is no output (${shell})`, async () => {
    await using job = await JobDirectory.create(shell, {
      bashrc: true,
      before: ['echo "before $x"'],
      payload: payload("echo payload $x"),
    });
    await Deno.writeTextFile(join(job.path, ".bashrc"), "export x=set; echo hello; return 3\n");
    assert.deepEqual(await job.run(), {
      code: 0,
      stdout: "before set\npayload set\n",
      stderr: "hello\n",
    });
  });

  Deno.test(`a start-up file that is not there, or ends the shell, is told (${shell})`, async () => {
    await using job = await JobDirectory.create(shell, {
      bashrc: "~/it's/rc",
      payload: payload("echo never"),
    });
    const gone = await job.run();
    assert.equal(gone.code, BASHRC_EXIT_CODE);
    assert.match(gone.stderr, /"~\/it's\/rc" cannot be read/);
    await Deno.mkdir(join(job.path, "it's"));
    await Deno.writeTextFile(join(job.path, "it's/rc"), "exit 0\n");
    const ends = await job.run();
    assert.deepEqual([ends.code, ends.stdout], [BASHRC_EXIT_CODE, ""]);
    assert.match(ends.stderr, /ended the shell that read it/);
  });
}

const SRUN = '#!/bin/sh\nprintf "%s|" srun "$@"; printf "\\n"\n';

for (const shell of SHELLS) {
  Deno.test(`srun starts the wrapper and the payload, wherever PATH leads by then (${shell})`, async () => {
    await using job = await JobDirectory.create(shell, {
      srun: { options: { "cpu-bind": "cores", label: true, mpi: false, comment: "it's" } },
      wrapper: ["nsys", "profile", "-o", "{outputs.profile}"],
      before: ["PATH=/usr/bin:/bin"],
      environment: { A: "b c" },
      outputs: { profile: {} },
      payload: { kind: "command", command: ["train", "{inputs.rate}"] },
      inputs: { rate: 0.5 },
    });
    const bin = join(job.path, "bin");
    await Deno.mkdir(bin);
    await Deno.writeTextFile(join(bin, "srun"), SRUN, { mode: 0o755 });
    const { stdout } = await job.run({ PATH: `${bin}:/usr/bin:/bin` });
    assert.equal(
      stdout,
      "srun|--cpu-bind=cores|--label|--comment=it's|env|A=b c|" +
        `nsys|profile|-o|${job.path}/outputs/profile|train|0.5|\n`,
    );
  });
}

Deno.test("a wrapper starts the payload without srun too", async () => {
  await using job = await JobDirectory.create("dash", {
    wrapper: ["sh", "-c", 'echo "wrapped: $*"; exec "$@"', "sh"],
    payload: payload("echo payload; exit 3"),
  });
  const { code, stdout } = await job.run();
  assert.equal(code, 3);
  assert.match(stdout, /^wrapped: sh -c .*\npayload\n$/);
});

/** One job for each shape of the script, by the name of its golden file. */
const golden: Readonly<Record<string, Input>> = {
  "before-after": {
    before: ["module load gcc", "export x='a b'"],
    after: ["cp -r results /archive", "-strange"],
    payload: payload("make"),
  },
  "bashrc": { bashrc: true, payload: payload("make") },
  "srun": {
    srun: { options: { "cpu-bind": "cores" } },
    wrapper: ["perf", "stat"],
    environment: { A: "b" },
    payload: payload("make"),
  },
  "after-signal": {
    after: ["cp -r results /archive"],
    payload: payload("make"),
    signalBeforeLimit: { signal: "USR1", seconds: 60 },
  },
};

goldenScripts(
  "commands",
  Object.fromEntries(
    Object.entries(golden).map(([name, input]) => [name, () => {
      const spec = jobSpecSchema.parse({ cluster: "here", ...input });
      return jobScript(attemptId(jobId, 1), spec, launch(spec, { kind: "allocation" }));
    }]),
  ),
);
