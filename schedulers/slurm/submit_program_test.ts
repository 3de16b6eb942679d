import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { DUPLICATE_EXIT_CODE, jobScript, launch as plan } from "../../launchers/mod.ts";
import { jobSpecSchema } from "../../model/mod.ts";
import type { AttemptId } from "../../model/mod.ts";
import { quote } from "../../shell/mod.ts";
import { newAttempt } from "../testing/attempts.ts";
import { FakeSlurm, killGroup } from "../testing/fake_slurm.ts";
import { SHELLS } from "../testing/shells.ts";
import { LOCK_LEASE_SECONDS } from "./submit_functions.ts";
import { submitProgram } from "./submit_program.ts";
import type { ProgramJob } from "./submit_program.ts";
import { parseProgramReplies, ReplyReader } from "./submit_replies.ts";
import type { ProgramReply } from "./submit_replies.ts";

function job(root: string, attemptId: AttemptId = newAttempt(), text = "#!/bin/sh\n"): ProgramJob {
  return {
    attemptId,
    directory: `${root}/jobs/${attemptId}`,
    jobDirectory: `${root}/jobs/${attemptId}`,
    files: [{ name: "job.sh", text, executable: true }],
    sbatch: ["sbatch", "--parsable", `--comment=sluice:${attemptId}`, "job.sh"],
  };
}

function programFor(root: string, jobs: readonly ProgramJob[], recheck = false): string {
  return submitProgram(root, jobs, {
    spool: `${root}/spool/here`,
    width: 4,
    recheck,
    queueByComment: "squeue",
  });
}

function replyOf(stdout: string, { attemptId }: ProgramJob): ProgramReply | undefined {
  const replies = parseProgramReplies(stdout).filter((reply) => reply.attemptId === attemptId);
  assert.ok(replies.length <= 1, `more than one reply: ${JSON.stringify(stdout)}`);
  return replies[0];
}

/** A test with each shell and a scheduler of its own. */
function shellTest(
  name: string,
  body: (
    context: {
      readonly fake: FakeSlurm;
      readonly shell: string;
      /** Runs the program for a job and gives what it says of it. */
      readonly submit: (job: ProgramJob, recheck?: boolean) => Promise<ProgramReply | undefined>;
    },
  ) => Promise<void>,
): void {
  for (const shell of SHELLS) {
    Deno.test(`${name} (${shell})`, async () => {
      await using fake = await FakeSlurm.create();
      await body({
        fake,
        shell,
        submit: async (job, recheck) => {
          const { stdout } = await fake.run(shell, programFor(fake.root, [job], recheck));
          return replyOf(stdout, job);
        },
      });
    });
  }
}

const names = async (directory: string) =>
  (await Array.fromAsync(Deno.readDir(directory), ({ name }) => name)).sort();

shellTest("a job is submitted with its files, and its id is recorded", async ({ fake, submit }) => {
  const one = job(fake.root, newAttempt(), "#!/bin/sh\necho 'it''s' \"$HOME\" \\\\ `id`\n\n");
  assert.deepEqual(await submit(one), {
    attemptId: one.attemptId,
    kind: "submitted",
    schedulerId: "1",
  });
  const [holder, ...lines] = (await Deno.readTextFile(`${one.directory}/lock`)).split("\n");
  assert.deepEqual(lines, ["1", ""]);
  assert.deepEqual(await names(one.directory), [
    "job.sh",
    "lock",
    `sbatch.${holder}.err`,
    `sbatch.${holder}.out`,
  ]);
  assert.equal(await Deno.readTextFile(`${one.directory}/job.sh`), one.files[0]?.text);
  assert.equal(((await Deno.stat(`${one.directory}/job.sh`)).mode ?? 0) & 0o777, 0o700);
});

shellTest("files lie in directories of their own where their names say so", async (context) => {
  const { fake, submit } = context;
  const one = job(fake.root);
  const files = ["component-1/job.sh", "component-1/bin/srun"].map((name) => ({
    name,
    text: `#!/bin/sh\n# ${name}\n`,
    executable: true,
  }));
  assert.equal((await submit({ ...one, files: [...one.files, ...files] }))?.kind, "submitted");
  for (const { name, text } of files) {
    assert.equal(await Deno.readTextFile(`${one.directory}/${name}`), text);
    assert.equal(((await Deno.stat(`${one.directory}/${name}`)).mode ?? 0) & 0o777, 0o700);
  }
});

shellTest(
  "asked again, with recheck or without, it names the same id",
  async ({ fake, submit }) => {
    const one = job(fake.root);
    for (const recheck of [false, false, true]) {
      assert.deepEqual(await submit(one, recheck), {
        attemptId: one.attemptId,
        kind: "submitted",
        schedulerId: "1",
      });
    }
    assert.equal(await fake.asked(), 1);
  },
);

shellTest("a batch has one answer for each job, each with an id of its own", async (context) => {
  const { fake, shell } = context;
  const jobs = Array.from({ length: 11 }, () => job(fake.root));
  await fake.sbatch("sleep 0.01; take; echo $id");
  const { stdout } = await fake.run(shell, programFor(fake.root, jobs));
  const ids = jobs.map((one) => {
    const reply = replyOf(stdout, one);
    assert.ok(reply?.kind === "submitted", JSON.stringify(reply));
    return reply.schedulerId;
  });
  assert.equal(new Set(ids).size, 11);
  assert.equal(await fake.asked(), 11);
});

shellTest("what one sbatch has said is not taken for the next one's words", async (context) => {
  const { fake, shell } = context;
  const says = [
    // Without a last line end, and with words beside the answer.
    'echo "a warning" >&2; take; printf "a banner\\n\\n$id"',
    'echo "the first reason" >&2; echo 4711; exit 1',
    "exit 1",
    "echo nothing that is an id; printf half >&2",
    "true",
    'printf "the last\\n reason" >&2; exit 1',
  ];
  await fake.sbatch(`case $(wc -l <"$home/asked") in
${says.map((what, index) => `${index + 1}) ${what} ;;`).join("\n")}
esac`);
  const jobs = says.map(() => job(fake.root));
  const program = submitProgram(fake.root, jobs, {
    spool: `${fake.root}/spool/here`,
    width: 1,
    recheck: false,
    queueByComment: "squeue",
  });
  const { stdout } = await fake.run(shell, program);
  const [first, ...others] = jobs.map((one) => {
    const reply = replyOf(stdout, one);
    assert.ok(reply !== undefined);
    const { attemptId: _, ...said } = reply;
    return said;
  });
  assert.deepEqual(first, { kind: "submitted", schedulerId: "1" });
  assert.deepEqual(others, [
    { kind: "refused", exitCode: 1, words: "the first reason" },
    { kind: "refused", exitCode: 1, words: "" },
    { kind: "unclear", words: "nothing that is an id" },
    { kind: "unclear", words: "" },
    { kind: "refused", exitCode: 1, words: "the last\n reason" },
  ]);
});

shellTest("ten programs at once submit a job once", async ({ fake, shell }) => {
  const one = job(fake.root);
  await fake.sbatch("sleep 0.05; take; echo $id");
  const ends = await Promise.all(
    Array.from(
      { length: 10 },
      (_, n) => fake.run(shell, programFor(fake.root, [one], n % 2 === 0)),
    ),
  );
  const kinds = ends.map(({ stdout }) => replyOf(stdout, one)?.kind);
  assert.deepEqual(await fake.queued(one.attemptId), ["1"]);
  assert.ok(kinds.includes("submitted"));
  assert.ok(kinds.every((kind) => kind === "submitted" || kind === "locked"), kinds.join());
});

shellTest("of many that take over from a dead holder at once, one submits", async (context) => {
  const { fake, shell } = context;
  for (let round = 0; round < 8; round++) {
    const one = job(fake.root);
    await leaveLock(one, `${await nodeName()}:${await deadGroup()}:${seconds()}`);
    const before = await fake.asked();
    await fake.sbatch("sleep 0.05; take; echo $id");
    await Promise.all(
      Array.from({ length: 6 }, () => fake.run(shell, programFor(fake.root, [one], true))),
    );
    assert.equal((await fake.queued(one.attemptId)).length, 1);
    assert.equal(await fake.asked(), before + 1);
  }
});

shellTest("sbatch's refusal comes back in its own words", async ({ fake, submit }) => {
  const one = job(fake.root);
  await fake.sbatch(
    `printf 'sbatch: error: invalid partition \\036 \\037\\nwith "two" lines\\n' >&2; exit 1`,
  );
  assert.deepEqual(await submit(one), {
    attemptId: one.attemptId,
    kind: "refused",
    exitCode: 1,
    words: 'sbatch: error: invalid partition  \nwith "two" lines',
  });
  assert.deepEqual(await fake.queued(one.attemptId), []);
});

shellTest("a refused job can be sent again later, once", async ({ fake, submit }) => {
  const one = job(fake.root);
  await fake.sbatch("echo 'sbatch: error: slurm_controller is away' >&2; exit 1");
  assert.equal((await submit(one))?.kind, "refused");
  await fake.sbatch("take; echo $id");
  assert.equal((await submit(one, true))?.kind, "submitted");
  assert.equal((await submit(one, true))?.kind, "submitted");
  assert.deepEqual(await fake.queued(one.attemptId), ["1"]);
});

for (const code of [124, 125, 126, 127, 137]) {
  shellTest(`sbatch's exit status ${code} is told as it is`, async ({ fake, submit }) => {
    const one = job(fake.root);
    await fake.sbatch(`exit ${code}`);
    assert.deepEqual(await submit(one), {
      attemptId: one.attemptId,
      kind: "refused",
      exitCode: code,
      words: "",
    });
  });
}

shellTest("a banner before the id and a warning beside it do no harm", async (context) => {
  const { fake, submit } = context;
  for (const answer of ["$id", "$id;cluster", "$id\n", "$id;cluster\n\n"]) {
    const one = job(fake.root);
    await fake.sbatch(
      `take; echo 'warning: 7 days' >&2; printf "Welcome 99\\n\\n12;x y\\n${
        answer.replaceAll("\n", "\\n")
      }"`,
    );
    const reply = await submit(one);
    assert.ok(reply?.kind === "submitted", JSON.stringify(reply));
    assert.deepEqual(await fake.queued(one.attemptId), [reply.schedulerId]);
  }
});

shellTest("an answer that is no id is unclear, and the job is found the next time", async (c) => {
  for (const answer of ["", "hello", "-1", "1 2", "$id bye", "1e3", "$id\nbye"]) {
    const one = job(c.fake.root);
    const before = await c.fake.asked();
    await c.fake.sbatch(`take; printf %b "${answer}"`);
    assert.equal((await c.submit(one))?.kind, "unclear", JSON.stringify(answer));
    const again = await c.submit(one, true);
    assert.ok(again?.kind === "submitted", JSON.stringify(again));
    assert.deepEqual(await c.fake.queued(one.attemptId), [again.schedulerId]);
    assert.equal(await c.fake.asked(), before + 1);
  }
});

shellTest("without recheck, a lock that somebody holds is left alone", async ({ fake, submit }) => {
  const one = job(fake.root);
  await leaveLock(one, `${await nodeName()}:${await deadGroup()}:${seconds()}`);
  assert.equal((await submit(one))?.kind, "locked");
  assert.equal(await fake.asked(), 0);
});

shellTest("the lock of a living holder is respected", async ({ fake, submit }) => {
  const one = job(fake.root);
  await withLivingGroup(async (group) => {
    await leaveLock(one, `${await nodeName()}:${group}:${seconds()}`);
    const reply = await submit(one, true);
    assert.equal(reply?.kind, "locked");
    assert.equal(await fake.asked(), 0);
  });
});

shellTest("the lock of a holder that is gone is taken over, however often", async (context) => {
  const { fake, submit } = context;
  const one = job(fake.root);
  const [first, second] = await Promise.all(
    [1, 2].map(async () => `${await nodeName()}:${await deadGroup()}:${seconds()}`),
  );
  assert.ok(first !== undefined && second !== undefined);
  await leaveLock(one, first);
  await Deno.symlink(second, `${one.directory}/lock.${first}`);
  assert.equal((await submit(one, true))?.kind, "submitted");
  assert.match(await Deno.readLink(`${one.directory}/lock.${second}`), /^[^:]+:\d+:\d+(?::\d+)?$/);
  assert.equal(await fake.asked(), 1);
});

/** Runs the body with a process group that lives for as long. */
async function withLivingGroup(body: (group: number) => Promise<void>): Promise<void> {
  const living = new Deno.Command("sh", { args: ["-c", "exec sleep 600"], detached: true }).spawn();
  try {
    await body(living.pid);
  } finally {
    living.kill("SIGKILL");
    await living.status;
  }
}

shellTest("a clock that is set voids no lock of this host", async ({ fake, submit }) => {
  await withLivingGroup(async (group) => {
    const one = job(fake.root);
    const holder = `${await nodeName()}:${group}:${seconds() - 86_400}:${await uptime()}`;
    await leaveLock(one, holder);
    assert.equal((await submit(one, true))?.kind, "locked");
    assert.equal(await fake.asked(), 0);
  });
});

shellTest(
  "a lock of this host ends with its lease, or when the host has started anew",
  async (c) => {
    await withLivingGroup(async (group) => {
      const age = LOCK_LEASE_SECONDS + 60;
      for (const since of [await uptime() - age, await uptime() + age]) {
        const one = job(c.fake.root);
        await leaveLock(one, `${await nodeName()}:${group}:${seconds()}:${since}`);
        assert.equal((await c.submit(one, true))?.kind, "submitted");
      }
    });
  },
);

shellTest("the lock of another host counts until its lease is over", async ({ fake, submit }) => {
  const fresh = job(fake.root);
  await leaveLock(fresh, `elsewhere:1:${seconds() - LOCK_LEASE_SECONDS + 60}`);
  assert.equal((await submit(fresh, true))?.kind, "locked");
  const old = job(fake.root);
  await leaveLock(old, `elsewhere:1:${seconds() - LOCK_LEASE_SECONDS - 60}`);
  assert.equal((await submit(old, true))?.kind, "submitted");
});

shellTest("a lock says who holds it, and since when", async ({ fake, shell, submit }) => {
  const one = job(fake.root);
  const before = seconds();
  const child = fake.start(shell, programFor(fake.root, [one]));
  await fake.end(child);
  const [holder = ""] = (await Deno.readTextFile(`${one.directory}/lock`)).split("\n");
  const [host, group, since = "", ...rest] = holder.split(":");
  assert.deepEqual([host, group], [await nodeName(), String(child.pid)]);
  assert.ok(Number(since) >= before && Number(since) <= seconds(), since);
  assert.ok(rest.length <= 1);
  // Its holder is gone, and what it has recorded is found all the same.
  assert.equal((await submit(one, true))?.kind, "submitted");
  assert.equal(await fake.asked(), 1);
});

shellTest(
  "a lock whose holder was cut off before it had said who it is ends with its lease",
  async ({ fake, submit }) => {
    for (const [age, kind] of [[0, "locked"], [LOCK_LEASE_SECONDS + 60, "submitted"]] as const) {
      const one = job(fake.root);
      await Deno.mkdir(one.directory, { recursive: true });
      await Deno.writeTextFile(`${one.directory}/lock`, "");
      await Deno.utime(`${one.directory}/lock`, seconds() - age, seconds() - age);
      assert.equal((await submit(one, true))?.kind, kind);
    }
    assert.equal(await fake.asked(), 1);
  },
);

shellTest("an id that was cut off in the middle is no record", async ({ fake, submit }) => {
  const one = job(fake.root);
  await leaveLock(one, `${await nodeName()}:${await deadGroup()}:${seconds()}`);
  await Deno.writeTextFile(`${one.directory}/lock`, "47", { append: true });
  await fake.enqueue(`sluice:${one.attemptId} 4711`);
  const reply = await submit(one, true);
  assert.ok(reply?.kind === "submitted", JSON.stringify(reply));
  assert.equal(reply.schedulerId, "4711");
  assert.equal(await fake.asked(), 0);
});

shellTest("a heterogeneous job is found again by its first component", async ({ fake, submit }) => {
  const one = job(fake.root);
  await leaveLock(one, `${await nodeName()}:${await deadGroup()}:${seconds()}`);
  for (const [component, id] of [["+2", 4713], ["+1", 4712], ["", 4711]]) {
    await fake.enqueue(`sluice:${one.attemptId}${component} ${id}`);
  }
  const reply = await submit(one, true);
  assert.ok(reply?.kind === "submitted", JSON.stringify(reply));
  assert.equal(reply.schedulerId, "4711");
  assert.equal(await fake.asked(), 0);
});

shellTest("for a new job no process is started but sbatch", async ({ fake, shell }) => {
  await fake.sbatch("echo $$");
  const started = async (jobs: number) => {
    const all = Array.from({ length: jobs }, () => job(fake.root));
    const log = `${fake.bin}.started`;
    for (
      const program of ["mkdir", "chmod", "ln", "readlink", "rm", "date", "uname", "tr", "cat"]
    ) {
      await fake.command(
        program,
        `echo ${program} >>'${log}'; PATH=/usr/bin:/bin exec ${program} "$@"`,
      );
    }
    await Deno.writeTextFile(log, "");
    await fake.run(shell, programFor(fake.root, all));
    return (await Deno.readTextFile(log)).split("\n").length - 1;
  };
  assert.equal(await started(40), await started(4));
});

shellTest("a job that runs already is found by its own record", async ({ fake, submit }) => {
  const one = job(fake.root);
  await leaveLock(one, `${await nodeName()}:${await deadGroup()}:${seconds()}`);
  await Deno.symlink("4711", `${one.directory}/slurm_id`);
  assert.deepEqual(await submit(one, true), {
    attemptId: one.attemptId,
    kind: "submitted",
    schedulerId: "4711",
  });
  assert.equal(await fake.asked(), 0);
});

shellTest("a job that starts before sbatch has answered is on record already", async (context) => {
  const { fake, submit } = context;
  const one = job(fake.root);
  // As the first copy of a job would, whose sbatch was thought to have failed.
  await fake.sbatch("ln -sn 4711 slurm_id; take; echo $id");
  assert.deepEqual(await submit(one), {
    attemptId: one.attemptId,
    kind: "submitted",
    schedulerId: "4711",
  });
  assert.equal(await Deno.readLink(`${one.directory}/slurm_id`), "4711");
});

shellTest(
  "of two copies in the queue, the one on record runs, in either order",
  async (context) => {
    const { fake, shell, submit } = context;
    const copy = (one: ProgramJob, id: string) =>
      fake.run(
        shell,
        `cd '${one.directory.replaceAll("'", "'\\''")}' && SLURM_JOB_ID=${id} ./job.sh spool`,
      );
    const ran = (one: ProgramJob) => Deno.readTextFile(`${one.directory}/ran`);
    const launch = (attemptId = newAttempt()) => {
      const spec = jobSpecSchema.parse({
        cluster: "here",
        payload: { kind: "command", command: ["sh", "-c", 'echo "$SLURM_JOB_ID" >>ran'] },
      });
      return job(
        fake.root,
        attemptId,
        jobScript(attemptId, spec, plan(spec, { kind: "allocation" })),
      );
    };
    await fake.sbatch("take; echo $id");

    const recorded = launch();
    const first = await submit(recorded);
    assert.ok(first?.kind === "submitted");
    assert.equal((await copy(recorded, "99")).code, DUPLICATE_EXIT_CODE);
    assert.equal((await copy(recorded, first.schedulerId)).code, 0);
    assert.equal(await ran(recorded), `${first.schedulerId}\n`);

    const started = launch();
    await fake.sbatch("take; echo lost");
    assert.equal((await submit(started))?.kind, "unclear");
    assert.equal((await copy(started, "99")).code, 0);
    const again = await submit(started, true);
    assert.ok(again?.kind === "submitted");
    assert.equal(again.schedulerId, "99");
    const [other = ""] = await fake.queued(started.attemptId);
    assert.equal((await copy(started, other)).code, DUPLICATE_EXIT_CODE);
    assert.equal(await ran(started), "99\n");
  },
);

shellTest(
  "a later attempt has a directory of its own, and sbatch works in the job's",
  async (context) => {
    const { fake, submit } = context;
    const jobDirectory = `${fake.root}/jobs/shared`;
    await fake.sbatch("take; pwd -P >&2; echo $id");
    for (const directory of [jobDirectory, `${jobDirectory}/attempt-2`]) {
      const one: ProgramJob = { ...job(fake.root), jobDirectory, directory };
      assert.equal((await submit(one))?.kind, "submitted");
      const [holder, id] = (await Deno.readTextFile(`${directory}/lock`)).split("\n");
      assert.match(id ?? "", /^\d+$/);
      assert.equal(
        await Deno.readTextFile(`${directory}/sbatch.${holder}.err`),
        `${await Deno.realPath(jobDirectory)}\n`,
      );
    }
  },
);

shellTest("a directory named like the id does not hide what is recorded", async (context) => {
  const { fake, submit } = context;
  const one = job(fake.root);
  await Deno.mkdir(`${one.directory}/1`, { recursive: true });
  await submit(one);
  const [holder] = (await Deno.readTextFile(`${one.directory}/lock`)).split("\n");
  await Deno.writeTextFile(`${one.directory}/lock`, `${holder}\n`);
  await submit(one, true);
  assert.equal(await Deno.readLink(`${one.directory}/slurm_id`), "1");
  assert.deepEqual(await names(`${one.directory}/1`), []);
  assert.equal(await fake.asked(), 1);
});

shellTest("only the whole comment makes a job of the queue ours", async ({ fake, submit }) => {
  const one = job(fake.root);
  await leaveLock(one, `${await nodeName()}:${await deadGroup()}:${seconds()}`);
  for (
    const line of [
      `x sluice:${one.attemptId} 7`,
      `sluice:${one.attemptId}x 8`,
      `sluice:${newAttempt()} 9`,
    ]
  ) {
    await fake.enqueue(line);
  }
  assert.deepEqual(await submit(one, true), {
    attemptId: one.attemptId,
    kind: "submitted",
    schedulerId: "1",
  });
});

shellTest("nothing is sent while the queue cannot be read", async ({ fake, submit }) => {
  const one = job(fake.root);
  await fake.squeue("echo 'slurm_load_jobs error' >&2; exit 1");
  assert.deepEqual(await submit(one, true), {
    attemptId: one.attemptId,
    kind: "queue_unreadable",
    words: "slurm_load_jobs error",
  });
  assert.equal(await fake.asked(), 0);
});

shellTest("a directory that cannot be made is unwritable", async ({ fake, submit }) => {
  const one = job(fake.root);
  await Deno.writeTextFile(fake.root, "a file in the way");
  assert.equal((await submit(one))?.kind, "unwritable");
  assert.equal(await fake.asked(), 0);
});

shellTest("killed at any moment and asked again, a job is in the queue once", async (context) => {
  const { fake, shell, submit } = context;
  await fake.sbatch("sleep 0.005; take; sleep 0.005; echo $id");
  const jobs = await Promise.all(
    Array.from({ length: 40 }, async (_, round) => {
      const one = job(fake.root);
      const child = fake.start(shell, programFor(fake.root, [one]));
      await delay(round);
      await killGroup(child);
      await fake.end(child);
      return one;
    }),
  );
  for (const one of jobs) {
    const reply = await unlocked(one, () => submit(one, true));
    assert.ok(reply?.kind === "submitted", JSON.stringify(reply));
    assert.deepEqual(await fake.queued(one.attemptId), [reply.schedulerId]);
  }
});

for (const shell of SHELLS) {
  Deno.test(`a program that is cut at any byte runs nothing (${shell})`, async () => {
    await using fake = await FakeSlurm.create();
    // Without its last line end alone, the program is whole.
    const program = programFor(fake.root, [job(fake.root)], true).slice(0, -2);
    assert.equal(new TextEncoder().encode(program).length, program.length, "a character is a byte");
    // One shell reads one beginning after the other, since to start as many as there are takes minutes.
    const cut = [
      "beginning=",
      `for character in ${[...program].map(quote).join(" ")}; do`,
      "  beginning=$beginning$character",
      '  (eval "$beginning") </dev/null 2>/dev/null',
      "done",
      "exit 0",
      "",
    ].join("\n");
    assert.deepEqual(await fake.run(shell, cut), { code: 0, stdout: "", stderr: "" });
    // As it really comes, on standard input, which breaks off behind each line.
    for (const { index } of program.matchAll(/\n/g)) {
      const { stdout } = await fake.run(shell, program.slice(0, index + 1));
      assert.equal(stdout, "");
    }
    assert.equal(await fake.asked(), 0);
    await assert.rejects(Deno.stat(fake.root), Deno.errors.NotFound);
  });
}

const SMALL_DISK = "/var/lib/sluice-testbed/smalldisks/programs";

function smallDisk(): boolean {
  try {
    return Deno.statSync(SMALL_DISK).isDirectory && Deno.uid() === 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

for (const shell of SHELLS) {
  Deno.test({
    name: `a full disk is told, and nothing but the job's inputs is left there (${shell})`,
    ignore: !smallDisk(),
    async fn() {
      await using fake = await FakeSlurm.create();
      const root = await Deno.makeTempDir({ dir: SMALL_DISK });
      try {
        const one = job(root, newAttempt(), "x".repeat(2 * 1024 * 1024));
        await Deno.mkdir(one.directory, { recursive: true });
        await Deno.writeTextFile(`${one.directory}/table`, "");
        const { stdout } = await fake.run(shell, programFor(root, [one]));
        const reply = replyOf(stdout, one);
        assert.ok(reply?.kind === "unwritable", JSON.stringify(reply));
        assert.match(reply.words, /^\S+ +\d+ +\d+ +\d+ +\d+% /);
        assert.deepEqual(await names(one.directory), ["table"]);
        assert.equal(await fake.asked(), 0);
        const small = job(root, one.attemptId);
        const again = await fake.run(shell, programFor(root, [small], true));
        assert.equal(replyOf(again.stdout, small)?.kind, "submitted");
      } finally {
        await Deno.remove(root, { recursive: true });
      }
    },
  });
}

Deno.test("the reader of replies takes anything, and only what the program wrote", () => {
  const piece = fc.constantFrom(
    "\x1e",
    "\x1f",
    "submitted",
    "refused",
    "0",
    "-1",
    "12",
    "job",
    "\n",
  );
  fc.assert(fc.property(
    fc.oneof(fc.string({ unit: "binary" }), fc.array(piece).map((pieces) => pieces.join(""))),
    (output) => {
      for (const reply of parseProgramReplies(output)) {
        assert.ok(output.includes(`${reply.attemptId}\x1f`));
        if (reply.kind === "submitted") assert.match(reply.schedulerId, /^[A-Za-z0-9_+.:-]+$/);
      }
    },
  ));
  assert.deepEqual(
    parseProgramReplies("motd\njob\x1fsubmitted\x1f0\x1f12\x1ejob2\x1fsubmitted\x1f0\x1f1 2\x1e"),
    [{ attemptId: "motd\njob", kind: "submitted", schedulerId: "12" }, {
      attemptId: "job2",
      kind: "unclear",
      words: "1 2",
    }],
  );
});

Deno.test("replies are read the moment they are whole, wherever the output is cut", () => {
  const output = ["a", "b"].map((id) => `${id}\x1frefused\x1f1\x1fnö\x1e`).join("") + "c\x1fsub";
  const bytes = new TextEncoder().encode(output);
  const whole = parseProgramReplies(output);
  assert.equal(whole.length, 2);
  fc.assert(fc.property(fc.array(fc.nat({ max: bytes.length })), (cuts) => {
    const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
    const reader = new ReplyReader();
    const read = places.slice(1).map((end, n) => reader.push(bytes.subarray(places[n], end)));
    assert.deepEqual(read.flat(), whole);
    const firstEnd = bytes.indexOf(0x1e) + 1;
    const early = places.slice(1).findIndex((end) => end >= firstEnd);
    assert.equal(read.findIndex((replies) => replies.length > 0), early);
  }));
});

/**
 * Asks until the system has buried the killed holder's processes, so that the lock can be taken over. Where the
 * holder was killed before it had said who it is, the lease of its lock is let run out.
 */
async function unlocked(
  { directory }: ProgramJob,
  submit: () => Promise<ProgramReply | undefined>,
): Promise<ProgramReply | undefined> {
  const lock = `${directory}/lock`;
  for (;;) {
    const reply = await submit();
    if (reply?.kind !== "locked") return reply;
    if (await Deno.readTextFile(lock) === "") {
      const long = seconds() - LOCK_LEASE_SECONDS - 60;
      await Deno.utime(lock, long, long);
    }
    await delay(10);
  }
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

async function output(command: string, ...args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command(command, { args }).output();
  return new TextDecoder().decode(stdout).trim();
}

/** Seconds since this machine was started. */
const uptime = async () =>
  Math.floor(Number(await output("sh", "-c", "cut -d ' ' -f 1 /proc/uptime")));

const nodeName = () => output("uname", "-n");

/** The number of a process group that is no more. */
const deadGroup = () => output("setsid", "--wait", "sh", "-c", "echo $$");

/** Leaves behind what a program that was killed before it ran sbatch would have. */
async function leaveLock({ directory }: ProgramJob, holder: string): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  await Deno.symlink(holder, `${directory}/lock`);
}
