import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { DUPLICATE_EXIT_CODE, JOB_SCRIPT_FILE, WORKING_DIRECTORY_EXIT_CODE } from "./mod.ts";
import { JobDirectory, jobId, Running, SHELLS, shellTest } from "./testing/job_directory.ts";
import type { Input } from "./testing/job_directory.ts";

const command = (...words: string[]): Input => ({ payload: { kind: "command", command: words } });
const shellCommand = (text: string): Input => command("sh", "-c", text);

shellTest(
  "a command's end is recorded, told, and passed on",
  shellCommand("echo hi; exit 3"),
  async (job) => {
    assert.deepEqual(await job.run(), { code: 3, stdout: "hi\n", stderr: "" });
    assert.equal(await job.record(), "12 0 3 -");
    assert.equal(await Deno.readLink(join(job.path, "slurm_id")), "12");
    assert.deepEqual(await job.spooled(), [
      `${jobId} - 0 start T -`,
      `${jobId} - 0 end 3 -`,
    ]);
  },
);

shellTest("a task of an array has a record of its own", shellCommand("exit 4"), async (job) => {
  const array = { SLURM_JOB_ID: "13", SLURM_ARRAY_JOB_ID: "12" };
  assert.equal((await job.run({ ...array, SLURM_ARRAY_TASK_ID: "7" })).code, 4);
  assert.equal((await job.run({ ...array, SLURM_JOB_ID: "14", SLURM_ARRAY_TASK_ID: "8" })).code, 4);
  assert.equal(await job.record("exit.7"), "12 0 4 -");
  assert.equal(await job.record("exit.8"), "12 0 4 -");
  assert.deepEqual((await job.spooled())[3], `${jobId} 8 0 end 4 -`);
});

shellTest(
  "the copy that is not on record does nothing",
  shellCommand("echo ran >>ran"),
  async (job) => {
    await new Deno.Command(job.shell, { args: ["-c", "ln -s 13 slurm_id"], cwd: job.path })
      .output();
    const other = await job.run();
    assert.equal(other.code, DUPLICATE_EXIT_CODE);
    assert.match(other.stderr, /is on record as 13/);
    await assert.rejects(job.spooled(), Deno.errors.NotFound);
    assert.equal((await job.run({ SLURM_JOB_ID: "13" })).code, 0);
    assert.equal(await job.text("ran"), "ran\n");
  },
);

shellTest("what cannot be put on record does not run", shellCommand("echo ran"), async (job) => {
  await Deno.writeTextFile(join(job.path, "slurm_id"), "in the way");
  const { code, stdout, stderr } = await job.run();
  assert.deepEqual([code, stdout], [DUPLICATE_EXIT_CODE, ""]);
  assert.match(stderr, /nothing that can be read/);
});

shellTest(
  "a job that is told to end before its payload starts does not start it",
  shellCommand("echo ran"),
  async (job) => {
    const bin = join(job.path, "bin");
    await Deno.mkdir(bin);
    // What the script asks for the time just before the payload.
    const date = '#!/bin/sh\nkill -s TERM "$PPID"\nexec /bin/date "$@"\n';
    await Deno.writeTextFile(join(bin, "date"), date, { mode: 0o700 });
    const { code, stdout } = await job.run({ PATH: `${bin}:/usr/bin:/bin` });
    assert.deepEqual([code, stdout], [143, ""]);
    assert.equal(await job.record(), "12 0 143 TERM");
  },
);

shellTest("an attempt that was given up does nothing", shellCommand("echo ran"), async (job) => {
  await new Deno.Command(job.shell, { args: ["-c", "ln -s given-up begun"], cwd: job.path })
    .output();
  const { code, stdout, stderr } = await job.run();
  assert.deepEqual([code, stdout], [DUPLICATE_EXIT_CODE, ""]);
  assert.match(stderr, /is on record as given-up/);
  await assert.rejects(job.spooled(), Deno.errors.NotFound);
});

shellTest(
  "one task may have been given up and another not",
  shellCommand("exit 4"),
  async (job) => {
    await new Deno.Command(job.shell, { args: ["-c", "ln -s given-up begun.7"], cwd: job.path })
      .output();
    const array = { SLURM_ARRAY_JOB_ID: "12" };
    assert.equal((await job.run({ ...array, SLURM_ARRAY_TASK_ID: "7" })).code, DUPLICATE_EXIT_CODE);
    assert.equal((await job.run({ ...array, SLURM_ARRAY_TASK_ID: "8" })).code, 4);
    assert.equal(await Deno.readLink(join(job.path, "begun.8")), "12");
  },
);

shellTest("a job that is put back begins again", shellCommand("exit 4"), async (job) => {
  assert.equal((await job.run()).code, 4);
  assert.equal((await job.run({ SLURM_RESTART_COUNT: "1" })).code, 4);
  assert.equal(await job.record(), "12 1 4 -");
});

shellTest(
  "a later attempt finds what an earlier one left, and each has records of its own",
  {
    payload: {
      kind: "script",
      script:
        '#!/bin/sh\ncat checkpoint 2>&1\necho "$SLUICE_JOB_ID $SLUICE_ATTEMPT" >checkpoint\n' +
        '[ "$PWD" = "$SLUICE_JOB_DIRECTORY" ] || echo "in $PWD"\nexit "$SLUICE_ATTEMPT"\n',
    },
  },
  async (job) => {
    const input: Input = { payload: { kind: "script", script: await job.text("payload") } };
    assert.equal((await job.run()).code, 1);
    await job.prepare(input, 2, "attempt-2");
    assert.deepEqual(await job.run({ SLURM_JOB_ID: "13" }, undefined, "attempt-2"), {
      code: 2,
      stdout: `${jobId} 1\n`,
      stderr: "",
    });
    assert.equal(await job.text("checkpoint"), `${jobId} 2\n`);
    assert.equal(await job.record(), "12 0 1 -");
    assert.equal(await job.record("attempt-2/exit"), "13 0 2 -");
    assert.equal(await Deno.readLink(join(job.path, "attempt-2/slurm_id")), "13");
    assert.deepEqual((await job.spooled()).slice(2), [
      `${jobId}.2 - 0 start T -`,
      `${jobId}.2 - 0 end 2 -`,
    ]);
  },
);

shellTest("a second copy of the job does nothing", shellCommand("echo ran >>ran"), async (job) => {
  await job.run();
  const second = await job.run({ SLURM_JOB_ID: "13" });
  assert.equal(second.code, DUPLICATE_EXIT_CODE);
  assert.match(second.stderr, /is on record as 12/);
  assert.equal(await job.text("ran"), "ran\n");
  assert.equal(await job.record(), "12 0 0 -");
  assert.equal((await job.spooled()).length, 2);
});

shellTest(
  "a directory that the payload names like the job hides no record",
  shellCommand('mkdir "$SLURM_JOB_ID"; echo ran >>ran'),
  async (job) => {
    await job.run();
    await job.run({ SLURM_JOB_ID: "13" });
    assert.equal(await job.text("ran"), "ran\n");
  },
);

shellTest(
  "a job that is put back runs again",
  shellCommand("exit ${SLURM_RESTART_COUNT:-9}"),
  async (job) => {
    await job.run();
    assert.equal((await job.run({ SLURM_RESTART_COUNT: "2" })).code, 2);
    assert.equal(await job.record(), "12 2 2 -");
    assert.deepEqual((await job.spooled()).slice(2), [
      `${jobId} - 2 start T -`,
      `${jobId} - 2 end 2 -`,
    ]);
  },
);

shellTest(
  "a run that is cut short leaves no record of the run before",
  shellCommand('[ -z "$SLURM_RESTART_COUNT" ] || kill -s KILL 0'),
  async (job) => {
    await job.run();
    assert.equal(await job.record(), "12 0 0 -");
    await job.run({ SLURM_RESTART_COUNT: "1" });
    await assert.rejects(job.text("exit"), Deno.errors.NotFound);
  },
);

shellTest(
  "a payload that a signal ends is recorded as shells tell it",
  shellCommand("kill -s KILL $$"),
  async (job) => {
    assert.deepEqual(await job.run(), { code: 137, stdout: "", stderr: "" });
    assert.equal(await job.record(), "12 0 137 -");
  },
);

shellTest(
  "a signal to the whole job reaches the payload; the script notes it and lives on",
  shellCommand("echo ready; sleep 60 & wait"),
  async (job) => {
    const child = job.start();
    const reader = child.stdout.getReader();
    assert.equal(new TextDecoder().decode((await reader.read()).value), "ready\n");
    await new Deno.Command("kill", { args: ["-s", "TERM", "--", `-${child.pid}`] }).output();
    assert.equal((await child.status).code, 143);
    await reader.cancel();
    await child.stderr.cancel();
    assert.equal(await job.record(), "12 0 143 TERM");
    assert.deepEqual((await job.spooled())[1], `${jobId} - 0 end 143 TERM`);
  },
);

shellTest(
  "whoever wakes the job before it is told to end is recorded before all signals",
  shellCommand("echo ready; sleep 60 & wait"),
  async (job) => {
    const child = job.start();
    const reader = child.stdout.getReader();
    assert.equal(new TextDecoder().decode((await reader.read()).value), "ready\n");
    for (const signal of ["CONT", "TERM"]) {
      await new Deno.Command("kill", { args: ["-s", signal, "--", `-${child.pid}`] }).output();
    }
    assert.equal((await child.status).code, 143);
    await reader.cancel();
    await child.stderr.cancel();
    assert.equal(await job.record(), "12 0 143 CONT");
  },
);

shellTest(
  "SIGALRM, too, is the payload's affair",
  shellCommand("trap 'exit 4' ALRM; echo ready; while :; do sleep 0.01; done"),
  async (job) => {
    await using running = await Running.of(job.start());
    await running.send("ALRM", -running.pid);
    assert.equal(await running.code(), 4);
    assert.equal(await job.record(), "12 0 4 ALRM");
  },
);

const tellGroup = 'echo "group $(cut -d " " -f 5 /proc/$$/stat)"';

/** A job whose script is told of the time limit; only bash knows how to pass that on. */
function earlyTest(
  name: string,
  script: string,
  body: (job: JobDirectory) => Promise<void>,
): void {
  Deno.test(`before the time limit, ${name}`, async () => {
    const input = { ...shellCommand(script), signalBeforeLimit: { signal: "USR1" as const } };
    await using job = await JobDirectory.create("bash", input);
    await body(job);
  });
}

earlyTest(
  "a payload that traps the signal gets it at once, and its own exit counts",
  "trap 'echo saved; exit 5' USR1; echo ready; while :; do sleep 0.01; done",
  async (job) => {
    await using running = await Running.of(job.start());
    await running.send("USR1");
    await running.printed("saved\n");
    assert.equal(await running.code(), 5);
    assert.equal(await job.record(), "12 0 5 -");
    assert.equal((await job.spooled())[1], `${jobId} - 0 end 5 -`);
  },
);

earlyTest(
  "the payload's children get it too",
  // The child says that both listen, so its parent has to listen first.
  `trap : USR1; sh -c "trap 'echo child; exit' USR1; echo ready; while :; do sleep 0.01; done" & wait; wait; exit 3`,
  async (job) => {
    await using running = await Running.of(job.start());
    await running.send("USR1");
    await running.printed("child\n");
    assert.equal(await running.code(), 3);
  },
);

const goesOn = "while [ ! -e go ]; do sleep 0.01; done; exit 6";

earlyTest(
  "a payload that ignores the signal goes on to its own end",
  `trap '' USR1; echo ready; ${goesOn}`,
  async (job) => {
    await using running = await Running.of(job.start());
    for (let times = 0; times < 20; times++) await running.send("USR1");
    await Deno.writeTextFile(join(job.path, "go"), "");
    assert.equal(await running.code(), 6);
    assert.equal(await job.record(), "12 0 6 -");
  },
);

earlyTest("a payload that dies of it has died of it", "echo ready; exec sleep 60", async (job) => {
  await using running = await Running.of(job.start());
  await running.send("USR1");
  assert.equal(await running.code(), 138);
  assert.equal(await job.record(), "12 0 138 -");
});

earlyTest(
  "signals as it ends do not hide how it ended",
  "trap '' USR1; echo ready; exit 9",
  async (job) => {
    for (let round = 0; round < 10; round++) {
      await using running = await Running.of(job.start());
      const sent = Array.from({ length: 5 }, () => running.send("USR1"));
      assert.equal(await running.code(), 9);
      await Promise.all(sent);
      assert.match(await job.record(), /^12 0 9 -$/);
    }
  },
);

earlyTest(
  "that Slurm wakes the job for it tells of no end, in whatever order the two come",
  "trap 'echo got' USR1; echo ready; while [ ! -e go ]; do sleep 0.01; done; exit 0",
  async (job) => {
    for (const signals of [["CONT", "USR1"], ["USR1", "CONT"]]) {
      await using running = await Running.of(job.start());
      for (const signal of signals) await running.send(signal);
      await running.printed("got\n");
      await Deno.writeTextFile(join(job.path, "go"), "");
      assert.equal(await running.code(), 0);
      assert.equal(await job.record(), "12 0 0 -");
      await Deno.remove(join(job.path, "go"));
    }
  },
);

earlyTest("that Slurm wakes it to end it does", `echo ready; ${goesOn}`, async (job) => {
  await using running = await Running.of(job.start());
  await running.send("CONT");
  await running.send("TERM");
  await Deno.writeTextFile(join(job.path, "go"), "");
  assert.equal(await running.code(), 6);
  assert.equal(await job.record(), "12 0 6 CONT");
});

earlyTest(
  "another signal to the whole job is noted as ever",
  `echo ready; ${tellGroup}; sleep 60 & wait`,
  async (job) => {
    await using running = await Running.of(job.start());
    const group = await running.group();
    assert.notEqual(group, running.pid);
    await running.send("TERM");
    await running.send("TERM", -group);
    assert.equal(await running.code(), 143);
    assert.equal(await job.record(), "12 0 143 TERM");
  },
);

earlyTest(
  "being woken is recorded as ever, and does not end the wait for the payload",
  `trap 'exit 4' TERM; echo ready; ${tellGroup}; while :; do sleep 0.01; done`,
  async (job) => {
    await using running = await Running.of(job.start());
    const group = await running.group();
    await running.send("CONT");
    await running.send("TERM", -group);
    assert.equal(await running.code(), 4);
    assert.equal(await job.record(), "12 0 4 CONT");
  },
);

earlyTest(
  "a payload that is stopped has not ended",
  `trap '' USR1; echo ready; ${tellGroup}; ${goesOn}`,
  async (job) => {
    await using running = await Running.of(job.start());
    const group = await running.group();
    await running.send("STOP", -group);
    await running.send("USR1");
    await running.send("CONT", -group);
    await Deno.writeTextFile(join(job.path, "go"), "");
    assert.equal(await running.code(), 6);
  },
);

earlyTest(
  "the payload ignores no signal and reads its input",
  "cat; kill -s INT $$",
  async (job) => {
    const { stdout } = await new Deno.Command("bash", {
      args: ["-c", `printf input | bash ${JOB_SCRIPT_FILE} ../spool; echo " $?"`],
      cwd: job.path,
      env: { SLURM_JOB_ID: "12", POSIXLY_CORRECT: "1" },
      stderr: "null",
    }).output();
    assert.equal(new TextDecoder().decode(stdout), "input 130\n");
    assert.equal(await job.record(), "12 0 130 -");
  },
);

shellTest("a spool that cannot be written does no harm", shellCommand("echo hi"), async (job) => {
  for (const spool of ["/nonexistent/spool", "/dev/full", "..", ""]) {
    assert.deepEqual(await job.run({}, spool), { code: 0, stdout: "hi\n", stderr: "" }, spool);
    assert.equal(await job.record(), "12 0 0 -");
  }
});

shellTest(
  "a working directory that is not there is told by a status of its own",
  { ...shellCommand("echo ran"), workingDirectory: "/nonexistent/it's" },
  async (job) => {
    const { code, stdout, stderr } = await job.run();
    assert.equal(code, WORKING_DIRECTORY_EXIT_CODE);
    assert.equal(stdout, "");
    assert.match(stderr, /nonexistent/);
    assert.equal(await job.record(), `12 0 ${WORKING_DIRECTORY_EXIT_CODE} -`);
  },
);

shellTest("a working directory may start with the home directory", {
  ...shellCommand("pwd; ls"),
  workingDirectory: "~/a b's",
}, async (job) => {
  await Deno.mkdir(join(job.path, "a b's"));
  assert.equal((await job.run()).stdout, `${job.path}/a b's\n`);
});

shellTest(
  "a program that does not exist gives the status that shells give",
  command("no-such-program"),
  async (job) => {
    assert.equal((await job.run()).code, 127);
    assert.equal(await job.record(), "12 0 127 -");
  },
);

shellTest("a script runs by its own interpreter, with its arguments", {
  payload: {
    kind: "script",
    script: '#!/usr/bin/env -S awk -f\nBEGIN { printf "%s", ARGV[1]; exit 5 }\n',
    arguments: ["a 'b' \"c\" $d\n"],
  },
}, async (job) => {
  assert.deepEqual(await job.run(), { code: 5, stdout: "a 'b' \"c\" $d\n", stderr: "" });
});

shellTest("variables that shells keep for themselves reach the payload too", {
  ...command("env"),
  environment: {
    sluice_dir: "mine",
    UID: "7",
    OPTIND: "x",
    RANDOM: "r",
    IFS: "s",
    PS4: "`id`",
    PWD: "/",
    sluice_code: "9",
    SHELLOPTS: "xtrace",
  },
}, async (job) => {
  const { code, stdout, stderr } = await job.run();
  assert.equal(stderr, "");
  assert.equal(code, 0);
  const lines = stdout.split("\n");
  for (const line of ["sluice_dir=mine", "UID=7", "OPTIND=x", "RANDOM=r", "IFS=s", "PWD=/"]) {
    assert.ok(lines.includes(line), `${line} in ${stdout}`);
  }
});

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.array(fc.constantFrom(..."'\"`$\\!*?[]{}()<>|&;#~=% \t\n\r-éß\u{1f980}\x01\x7f"), {
    maxLength: 30,
  }).map((characters) => characters.join("")),
  fc.constantFrom("", "-n", "--", "a=b", "\n", "'"),
).filter((value) => !value.includes("\0"));

for (const shell of SHELLS) {
  Deno.test(`arguments and variables arrive exactly as they were given (${shell})`, async () => {
    const name = fc.stringMatching(/^V[A-Za-z0-9_]{0,8}$/);
    await fc.assert(
      fc.asyncProperty(fc.array(text), fc.dictionary(name, text), async (words, environment) => {
        await using job = await JobDirectory.create(shell, {
          payload: {
            kind: "script",
            script: '#!/bin/sh\nprintf "%s\\000" "$@"; printf "\\001\\000"; env -0\n',
            arguments: words,
          },
          environment,
        });
        const { stdout, stderr } = await job.run();
        assert.equal(stderr, "");
        const parts = stdout.split("\0");
        const end = parts.lastIndexOf("\x01");
        assert.deepEqual(parts.slice(0, end), words.length === 0 ? [""] : words);
        const seen = new Set(parts.slice(end));
        for (const [name, value] of Object.entries(environment)) {
          assert.ok(seen.has(`${name}=${value}`), `${name} in ${JSON.stringify([...seen])}`);
        }
      }),
      { numRuns: 30 },
    );
  });
}
