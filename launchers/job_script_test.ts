import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { attemptIdSchema, jobSpecSchema } from "../model/mod.ts";
import type { JobSpec, JobSpecInput } from "../model/mod.ts";
import {
  bashLauncher,
  DUPLICATE_EXIT_CODE,
  JOB_SCRIPT_FILE,
  jobScript,
  WORKING_DIRECTORY_EXIT_CODE,
} from "./mod.ts";

const attemptId = attemptIdSchema.parse("01890a5d-ac96-774b-bcce-b302099a8057");
const SHELLS = ["dash", "bash"] as const;

type Input = Omit<JobSpecInput, "cluster">;

function specOf(input: Input): JobSpec {
  return jobSpecSchema.parse({ cluster: "here", ...input });
}

const command = (...words: string[]): Input => ({ payload: { kind: "command", command: words } });
const shellCommand = (text: string): Input => command("sh", "-c", text);

/** A job's directory, set up as a submission leaves it. */
class JobDirectory implements AsyncDisposable {
  readonly #parent: string;
  readonly path: string;
  readonly spool: string;

  private constructor(parent: string, readonly shell: string, name: string) {
    this.#parent = parent;
    this.path = join(parent, name);
    this.spool = join(parent, "spool");
  }

  static async create(shell: string, input: Input, name = "it's a $(job)"): Promise<JobDirectory> {
    const job = new JobDirectory(
      await Deno.makeTempDir({ prefix: "sluice-job-script-" }),
      shell,
      name,
    );
    await Deno.mkdir(job.path);
    const spec = specOf(input);
    const plan = bashLauncher.plan(spec);
    const script = {
      name: JOB_SCRIPT_FILE,
      text: jobScript(attemptId, spec, plan),
      executable: true,
    };
    for (const { name, text } of [...plan.files, script]) {
      await Deno.writeTextFile(join(job.path, name), text, { mode: 0o700 });
    }
    return job;
  }

  /** Starts the script as Slurm would, in a session whose number is the child's id. */
  start(environment: Record<string, string> = {}, spool = "../spool"): Deno.ChildProcess {
    return new Deno.Command("setsid", {
      args: [this.shell, JOB_SCRIPT_FILE, spool],
      cwd: this.path,
      clearEnv: true,
      env: { PATH: "/usr/bin:/bin", HOME: this.path, SLURM_JOB_ID: "12", ...environment },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  async run(environment?: Record<string, string>, spool?: string) {
    const { code, stdout, stderr } = await this.start(environment, spool).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  text(name: string): Promise<string> {
    return Deno.readTextFile(join(this.path, name));
  }

  /** The record of the end without its times. */
  async record(name = "exit"): Promise<string> {
    const words = (await this.text(name)).split(" ");
    assert.equal(words.length, 6);
    for (const time of words.slice(4)) assert.match(time, /^\d{10}\n?$/);
    return words.slice(0, 4).join(" ");
  }

  /** The lines of the spool, with the time of a start as `T`. */
  async spooled(): Promise<string[]> {
    const lines = (await Deno.readTextFile(this.spool)).split("\n");
    assert.equal(lines.pop(), "");
    return lines.map((line) => line.replace(/start \d{10}/, "start T"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#parent, { recursive: true });
  }
}

function shellTest(
  name: string,
  input: Input,
  body: (job: JobDirectory) => Promise<void>,
): void {
  for (const shell of SHELLS) {
    Deno.test(`${name} (${shell})`, async () => {
      await using job = await JobDirectory.create(shell, input);
      await body(job);
    });
  }
}

shellTest(
  "a command's end is recorded, told, and passed on",
  shellCommand("echo hi; exit 3"),
  async (job) => {
    assert.deepEqual(await job.run(), { code: 3, stdout: "hi\n", stderr: "" });
    assert.equal(await job.record(), "12 0 3 -");
    assert.equal(await Deno.readLink(join(job.path, "claim")), "12");
    assert.deepEqual(await job.spooled(), [
      `${attemptId} - 0 start T -`,
      `${attemptId} - 0 end 3 -`,
    ]);
  },
);

shellTest("a task of an array has a record of its own", shellCommand("exit 4"), async (job) => {
  const array = { SLURM_JOB_ID: "13", SLURM_ARRAY_JOB_ID: "12" };
  assert.equal((await job.run({ ...array, SLURM_ARRAY_TASK_ID: "7" })).code, 4);
  assert.equal((await job.run({ ...array, SLURM_JOB_ID: "14", SLURM_ARRAY_TASK_ID: "8" })).code, 4);
  assert.equal(await job.record("exit.7"), "12 0 4 -");
  assert.equal(await job.record("exit.8"), "12 0 4 -");
  assert.deepEqual((await job.spooled())[3], `${attemptId} 8 0 end 4 -`);
});

shellTest("a second copy of the job does nothing", shellCommand("echo ran >>ran"), async (job) => {
  await job.run();
  const second = await job.run({ SLURM_JOB_ID: "13" });
  assert.equal(second.code, DUPLICATE_EXIT_CODE);
  assert.match(second.stderr, /already runs as 12/);
  assert.equal(await job.text("ran"), "ran\n");
  assert.equal(await job.record(), "12 0 0 -");
  assert.equal((await job.spooled()).length, 2);
});

shellTest(
  "a directory that the payload names like the job hides no claim",
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
      `${attemptId} - 2 start T -`,
      `${attemptId} - 2 end 2 -`,
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
  shellCommand("echo ready; sleep 600 & wait"),
  async (job) => {
    const child = job.start();
    const reader = child.stdout.getReader();
    assert.equal(new TextDecoder().decode((await reader.read()).value), "ready\n");
    await new Deno.Command("kill", { args: ["-s", "TERM", "--", `-${child.pid}`] }).output();
    assert.equal((await child.status).code, 143);
    await reader.cancel();
    await child.stderr.cancel();
    assert.equal(await job.record(), "12 0 143 TERM");
    assert.deepEqual((await job.spooled())[1], `${attemptId} - 0 end 143 TERM`);
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
