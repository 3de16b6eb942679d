import assert from "node:assert/strict";
import { stepId, taskDigits } from "../../launchers/mod.ts";
import { newJobId, schedulerIdSchema, sessionOfAllocation } from "../../model/mod.ts";
import type { AttemptId } from "../../model/mod.ts";
import { remoteLayout } from "../layout.ts";
import type { CancelMeans } from "../scheduler.ts";
import { newAttempt } from "../testing/attempts.ts";
import { FakeSession } from "../testing/fake_session.ts";
import { SHELLS } from "../testing/shells.ts";
import { cancelStepsProgram, sessionOfStep } from "./step_cancel.ts";
import type { StepCancellation } from "./step_cancel.ts";

/** A test with each shell and a session whose agent can be woken. */
function shellTest(
  name: string,
  body: (context: {
    readonly session: FakeSession;
    /** Makes the directory of a step, with its link where it has begun. */
    readonly step: (begun?: string, suffix?: string, attempt?: AttemptId) => Promise<AttemptId>;
    /** Runs the program, and gives its exit status. */
    readonly cancel: (
      ...asked: readonly (readonly [AttemptId, CancelMeans, number?])[]
    ) => Promise<number>;
    /** What scancel was called with. */
    readonly scancelled: () => Promise<string[]>;
    /** Names of those that the agent is to end. */
    readonly marked: () => Promise<string[]>;
  }) => Promise<void>,
): void {
  for (const shell of SHELLS) {
    Deno.test(`${name} (${shell})`, async () => {
      await using session = await FakeSession.create(shell);
      const { directory, id, fake } = session;
      const log = `${fake.bin}.scancel`;
      await Deno.writeTextFile(log, "");
      await fake.command("scancel", `echo "$@" >>'${log}'`);
      for (const name of ["inbox", "running", "cancel"]) {
        await Deno.mkdir(`${directory}/${name}`, { recursive: true });
      }
      await Deno.writeTextFile(`${directory}/listening`, "77\n");
      await body({
        session,
        async step(begun, suffix = "", attempt = newAttempt()) {
          await Deno.mkdir(`${fake.root}/jobs/${attempt}`, { recursive: true });
          if (begun !== undefined) {
            await Deno.symlink(begun, `${fake.root}/jobs/${attempt}/begun${suffix}`);
          }
          return attempt;
        },
        async cancel(...asked) {
          const cancellations = asked.map(([attemptId, means, task]): StepCancellation => ({
            attemptId,
            schedulerId: schedulerIdSchema.parse(stepId(id)),
            sessionId: id,
            means,
            ...(task === undefined ? {} : { task }),
          }));
          const program = cancelStepsProgram(remoteLayout(fake.root, "here"), cancellations);
          const { code, stderr } = await fake.run(shell, program);
          assert.equal(stderr, "");
          return code;
        },
        scancelled: async () => (await Deno.readTextFile(log)).trim().split("\n"),
        marked: async () =>
          (await Array.fromAsync(Deno.readDir(`${directory}/cancel`), ({ name }) => name)).sort(),
      });
    });
  }
}

const END: CancelMeans = { kind: "end" };
const IF_WAITING: CancelMeans = { kind: "end_if_waiting" };

shellTest("one that waits never begins, and its agent is woken once for all", async (c) => {
  const waiting = [await c.step(), await c.step()];
  for (const attempt of waiting) {
    await Deno.writeTextFile(`${c.session.directory}/inbox/${attempt}`, "");
  }
  assert.equal(await c.cancel(...waiting.map((one) => [one, IF_WAITING] as const)), 0);
  for (const attempt of waiting) {
    assert.equal(await Deno.readLink(`${c.session.fake.root}/jobs/${attempt}/begun`), "cancelled");
    assert.equal(await c.session.read(`${c.session.directory}/inbox/${attempt}`), undefined);
  }
  assert.deepEqual(await c.scancelled(), ["--batch --signal=USR2 77"]);
});

shellTest(
  "one that runs is left to the agent, unless it was to be ended while it waits",
  async (c) => {
    const [running, spared] = [await c.step("77.1"), await c.step("77.2")];
    assert.equal(await c.cancel([running, END], [spared, IF_WAITING]), 0);
    assert.deepEqual(await c.marked(), [running]);
  },
);

shellTest("what has ended already, or has no directory, is passed over", async (c) => {
  const { root } = c.session.fake;
  const [ended, refused, given] = [await c.step("77.1"), await c.step(), await c.step("given-up")];
  await Deno.writeTextFile(`${root}/jobs/${ended}/exit`, "x\n");
  await Deno.writeTextFile(`${root}/jobs/${refused}/step_end`, "1 2\n");
  assert.equal(await c.cancel([ended, END], [refused, END]), 0);
  assert.deepEqual(await c.marked(), []);
  assert.deepEqual(await c.scancelled(), [""]);
  assert.equal(await c.cancel([given, END]), 0);
  assert.equal(await c.cancel([newAttempt(), END]), 0);
});

shellTest("each task of an array is asked, or the one that is named", async (c) => {
  const array = await c.step("77.1", ".0");
  const place = `${c.session.fake.root}/jobs/${array}`;
  await Deno.writeTextFile(`${place}/step_tasks`, `${[0, 7, 10].map(taskDigits).join(" ")}\n`);
  await c.cancel([array, END, 10]);
  assert.equal(await Deno.readLink(`${place}/begun.10`), "cancelled");
  assert.equal(await c.session.read(`${place}/begun.7`), undefined);
  await c.cancel([array, END]);
  assert.equal(await Deno.readLink(`${place}/begun.7`), "cancelled");
  assert.deepEqual(await c.marked(), [0, 7, 10].map((task) => `${array}_${taskDigits(task)}`));
});

shellTest("a signal goes to those that run, by one command for each signal", async (c) => {
  const steps = [await c.step("77.1"), await c.step("77.2"), await c.step("cancelled")];
  const waiting = await c.step();
  const usr1: CancelMeans = { kind: "signal", signal: "USR1" };
  const hup: CancelMeans = { kind: "signal", signal: "HUP" };
  const asked = [...steps, waiting].map((one) => [one, usr1] as const);
  assert.equal(await c.cancel(...asked, [steps[0] ?? waiting, hup]), 0);
  assert.deepEqual(await c.scancelled(), ["--signal=USR1 77.1 77.2", "--signal=HUP 77.1"]);
  assert.deepEqual(await c.marked(), []);
});

Deno.test("the id of a step tells its session, and no other id does", () => {
  const session = sessionOfAllocation(newJobId());
  assert.equal(sessionOfStep(schedulerIdSchema.parse(stepId(session))), session);
  for (const id of ["12", "12_3", "12+1", session, "step:12", `pid:${session}`]) {
    assert.equal(sessionOfStep(schedulerIdSchema.parse(id)), undefined);
  }
});
