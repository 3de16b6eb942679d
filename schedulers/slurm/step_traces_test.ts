import assert from "node:assert/strict";
import { remoteLayout } from "../layout.ts";
import { FakeSession } from "../testing/fake_session.ts";
import { SHELLS } from "../testing/shells.ts";
import { newAttempt } from "../testing/attempts.ts";
import { parseStepTraces, printStepTraces, stepKey } from "./step_traces.ts";
import type { StepPart, TracesFound } from "./step_traces.ts";

/** A test with each shell and a session whose directories the test fills. */
function shellTest(
  name: string,
  body: (
    session: FakeSession,
    look: (parts: readonly StepPart[]) => Promise<TracesFound>,
  ) => Promise<void>,
): void {
  for (const shell of SHELLS) {
    Deno.test(`${name} (${shell})`, async () => {
      await using session = await FakeSession.create(shell);
      await Deno.mkdir(session.directory, { recursive: true });
      await body(session, async (parts) => {
        const program = printStepTraces(remoteLayout(session.fake.root, "here"), parts);
        const { stdout, stderr } = await session.fake.run(shell, program);
        assert.equal(stderr, "");
        return parseStepTraces(stdout, parts);
      });
    });
  }
}

async function write(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${directory}/${name}`, text);
  }
}

shellTest(
  "the traces of a step are found, at any attempt and of any task",
  async (session, look) => {
    const jobs = `${session.fake.root}/jobs`;
    const part = (attemptId = newAttempt(), task?: number): StepPart => ({
      attemptId,
      task,
      sessionId: session.id,
    });
    const [waits, left, taken, nowhere, again] = [
      part(),
      part(),
      part(),
      part(),
      part(newAttempt(2)),
    ];
    const task = part(newAttempt(), 7);
    for (
      const [directory, of] of [["inbox", waits], ["queue.0", left], ["running", taken]] as const
    ) {
      await write(`${session.directory}/${directory}`, { [stepKey(of)]: "" });
      await Deno.mkdir(`${jobs}/${of.attemptId}`);
    }
    await write(`${session.directory}/running`, { [stepKey(again)]: "", [stepKey(task)]: "" });
    const attempt = `${jobs}/${again.attemptId.replace(".", "/attempt-")}`;
    await write(attempt, { step_start: "12.4 n[1-2] 2\n" });
    await Deno.symlink("12.4", `${attempt}/begun`);
    await write(`${jobs}/${task.attemptId}`, {
      "exit.7": `step:${session.id} 0 143 TERM 1700000000 1700000009\n`,
      "step_end.7": "143 1700000010\n",
      "step_cancelled.7": "",
      "step_words.7":
        "srun: Job 12 step creation temporarily disabled, retrying (busy)\nsrun: error: n1: task 0: Terminated\n",
    });
    const found = await look([waits, left, taken, nowhere, again, task]);
    const of = (one: StepPart) => found.steps.get(stepKey(one));
    assert.equal(of(waits)?.entry, "waits");
    assert.equal(of(left)?.entry, "waits");
    assert.deepEqual(of(taken), { entry: "taken", cancelled: false, words: [] });
    assert.equal(of(nowhere)?.entry, "none");
    assert.deepEqual([of(again)?.begun, of(again)?.nodeList], ["12.4", "n[1-2]"]);
    assert.ok(Math.abs((of(again)?.startedAt ?? 0) - found.now) < 60_000);
    assert.deepEqual(of(task), {
      entry: "taken",
      record: {
        attemptId: task.attemptId,
        task: 7,
        schedulerId: `step:${session.id}`,
        restart: 0,
        exitCode: 143,
        caught: "TERM",
        startedAt: 1_700_000_000_000,
        endedAt: 1_700_000_009_000,
      },
      end: { exitCode: 143, at: 1_700_000_010_000 },
      cancelled: true,
      words: ["srun: error: n1: task 0: Terminated"],
    });
  },
);

shellTest(
  "a record that is not whole, or of another session's step, is none",
  async (session, look) => {
    const [torn, foreign] = [newAttempt(), newAttempt()].map((attemptId) => ({
      attemptId,
      task: undefined,
      sessionId: session.id,
    }));
    assert.ok(torn !== undefined && foreign !== undefined);
    const jobs = `${session.fake.root}/jobs`;
    await write(`${jobs}/${torn.attemptId}`, {
      step_end: "0 17000",
      exit: `step:${session.id} 0 0`,
    });
    await write(`${jobs}/${foreign.attemptId}`, { exit: "12 0 0 - 1700000000 1700000009\n" });
    const { steps } = await look([torn, foreign]);
    for (const part of [torn, foreign]) {
      assert.deepEqual(steps.get(stepKey(part)), { entry: "none", cancelled: false, words: [] });
    }
  },
);

shellTest(
  "of a session it is told whether it closed, and which jobs hold it",
  async (session, look) => {
    const part = { attemptId: newAttempt(), task: undefined, sessionId: session.id };
    assert.deepEqual((await look([part])).sessions.get(session.id), { jobs: [] });
    await write(session.directory, { lock: "holder\n12\n" });
    await write(`${session.directory}/attempt-2`, { lock: "holder\n13\n" });
    await Deno.symlink("14", `${session.directory}/attempt-2/slurm_id`);
    await write(session.directory, { inbox: "idle\n" });
    assert.deepEqual((await look([part])).sessions.get(session.id), {
      closed: "idle",
      jobs: [{ attempt: 1, schedulerId: "12" }, { attempt: 2, schedulerId: "14" }],
    });
  },
);

shellTest("the number of processes does not grow with that of the steps", async (session, look) => {
  const log = `${session.fake.bin}.started`;
  for (const program of ["stat", "date", "cat", "readlink", "ls"]) {
    await session.fake.command(
      program,
      `echo ${program} >>'${log}'; PATH=/usr/bin:/bin exec ${program} "$@"`,
    );
  }
  for (const count of [2, 200]) {
    await Deno.writeTextFile(log, "");
    await look(Array.from({ length: count }, () => ({
      attemptId: newAttempt(),
      task: undefined,
      sessionId: session.id,
    })));
    assert.equal(await Deno.readTextFile(log), "stat\ndate\n");
  }
});
