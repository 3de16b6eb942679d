import assert from "node:assert/strict";
import { ON_CLUSTER, STANDS } from "../../launchers/mod.ts";
import { attemptId, newJobId } from "../../model/mod.ts";
import type { AllocationTerms, AttemptId } from "../../model/mod.ts";
import { FakeSession } from "../testing/fake_session.ts";
import { SHELLS } from "../testing/shells.ts";
import type { PlannedStep } from "./step_planner.ts";

/** A test with each shell and a session that has not begun. */
function shellTest(
  name: string,
  terms: Partial<AllocationTerms>,
  body: (session: FakeSession) => Promise<void>,
): void {
  for (const shell of SHELLS) {
    Deno.test(`${name} (${shell})`, async () => {
      await using session = await FakeSession.create(shell, terms);
      await body(session);
    });
  }
}

const close = (session: FakeSession) => Deno.writeTextFile(`${session.directory}/close`, "");

shellTest("steps of before and after its start run, and it ends when told", {}, async (session) => {
  const early = session.step("exit 3");
  await session.place(early);
  await session.begin();
  assert.match(await session.appears(`${early.directory}/exit`), / 0 3 - /);
  const late = [session.step("exit 4"), session.step("exit 0")];
  await session.place(...late);
  for (const [index, code] of [4, 0].entries()) {
    assert.match(await session.appears(`${late[index]?.directory}/step_end`), /^\d+ \d+\n$/);
    assert.match(
      await session.appears(`${late[index]?.directory}/exit`),
      new RegExp(` 0 ${code} - `),
    );
  }
  await close(session);
  assert.equal(await session.end(), 0);
  assert.equal(await session.read(`${session.directory}/inbox`), "asked\n");
  assert.match(
    await session.read(`${session.directory}/exit`) ?? "",
    new RegExp(`^${session.slurmId} 0 0 - `),
  );
});

shellTest("no wake-up is lost, whenever it comes", { maxConcurrent: 3 }, async (session) => {
  await session.begin();
  await session.appears(`${session.directory}/listening`);
  const steps = [];
  for (let count = 0; count < 30; count++) {
    const step = session.step("exit 0");
    await session.place(step);
    steps.push(step);
  }
  for (const { directory } of steps) await session.appears(`${directory}/exit`);
  await close(session);
  assert.equal(await session.end(), 0);
});

shellTest(
  "an entry of a step that was begun, cancelled or removed is dropped",
  {},
  async (session) => {
    const kinds = ["begun", "ended", "removed"] as const;
    const steps = kinds.map(() => session.step("touch ran"));
    await session.place(...steps);
    for (const [index, kind] of kinds.entries()) {
      const directory = steps[index]?.directory ?? "";
      if (kind === "begun") await Deno.symlink("cancelled", `${directory}/begun`);
      if (kind === "ended") await Deno.writeTextFile(`${directory}/step_end`, "0 1\n");
      if (kind === "removed") await Deno.remove(directory, { recursive: true });
    }
    await session.begin();
    await close(session);
    assert.equal(await session.end(), 0);
    for (const { directory } of steps) {
      assert.equal(
        await session.read(`${directory}/ran`),
        undefined,
      );
    }
  },
);

shellTest(
  "what a step has left is ended, also where Slurm had no time for it",
  {},
  async (session) => {
    const left = session.step([
      "(setsid sh -c 'echo \"$$\" >left; exec sleep 600' >/dev/null 2>&1 &)",
      "until [ -s left ]; do sleep 0.01; done",
    ].join("\n"));
    await session.leaveUnswept();
    await session.place(left);
    await session.begin();
    await close(session);
    assert.equal(await session.end(), 0);
    const process = await session.appears(`${left.directory}/left`);
    const { success } = await new Deno.Command("sh", {
      args: [
        "-c",
        'kill -0 "$1" 2>/dev/null && ! grep -q "^State:.Z" "/proc/$1/status"',
        "sh",
        process.trim(),
      ],
    }).output();
    assert.equal(success, false, "it is still there");
    assert.deepEqual(
      (await Array.fromAsync(Deno.readDir(session.directory), ({ name }) => name))
        .filter((name) => name.startsWith("swept.")),
      [],
    );
  },
);

Deno.test("it closes when idle, but not while a step runs", async () => {
  // With all shells at the same time, since the agent waits for half a minute longer than was asked for.
  await Promise.all(SHELLS.map(async (shell) => {
    await using session = await FakeSession.create(shell, { idleSeconds: 1 });
    const step = session.step("sleep 2.5");
    await session.place(step);
    await session.begin();
    assert.equal(await session.end(), 0, shell);
    assert.equal(await session.read(`${session.directory}/inbox`), "idle\n", shell);
    assert.match(await session.read(`${step.directory}/exit`) ?? "", / 0 0 - /, shell);
  }));
});

shellTest(
  "a step is refused that asks for more memory than a node of the session has by its processors",
  {},
  async (session) => {
    const steps = [
      session.step("exit 0", { resources: { memory: "4001M" } }),
      session.step("exit 0", { resources: { memoryPerCpu: "1001M", cpusPerTask: 4 } }),
      session.step("exit 0", { resources: { memory: "4000M" } }),
      session.step("exit 0"),
    ];
    await session.place(...steps);
    await session.begin({ SLURM_MEM_PER_CPU: "1000", SLURM_JOB_CPUS_PER_NODE: "4(x2)" });
    for (const { directory } of steps) await session.appears(`${directory}/step_end`);
    const words = await Promise.all(
      steps.map(({ directory }) => session.read(`${directory}/step_words`)),
    );
    const refused = (memory: number) =>
      `sluice: it asks for ${memory} MiB of memory on each node, and the session has 4000\n`;
    assert.deepEqual(words, [refused(4001), refused(4004), "", ""]);
    const ran = steps.map(({ directory }) => session.read(`${directory}/step_start`));
    assert.deepEqual((await Promise.all(ran)).map((start) => start !== undefined), [
      false,
      false,
      true,
      true,
    ]);
    await close(session);
    assert.equal(await session.end(), 0);
  },
);

shellTest(
  "where the nodes of a session differ, or its memory is not by the processor, srun alone says what is too much",
  {},
  async (session) => {
    const step = session.step("exit 0", { resources: { memory: "9G" } });
    await session.place(step);
    await session.begin({ SLURM_MEM_PER_CPU: "1000", SLURM_JOB_CPUS_PER_NODE: "4,8" });
    await session.appears(`${step.directory}/exit`);
    await close(session);
    assert.equal(await session.end(), 0);
  },
);

shellTest(
  "a cluster that stands takes no place, nor does a step that waits until it is up or gone",
  { maxConcurrent: 1 },
  async (session) => {
    const [up, gone] = [attemptId(newJobId(), 1), attemptId(newJobId(), 1)];
    const marked = (mark: string, script: string, attempt?: AttemptId): PlannedStep => {
      const step = session.step(script, {}, attempt);
      return { ...step, entry: `${mark}\n${step.entry}` };
    };
    const [first, second] = [up, gone].map((on) => marked(`${ON_CLUSTER}${on}`, "exit 0"));
    const other = session.step("echo begun >told; until [ -e go ]; do sleep 0.05; done");
    assert.ok(first !== undefined && second !== undefined);
    await session.place(first, second, other);
    await session.begin();
    await session.appears(`${other.directory}/told`);
    const stands = "echo begun >told; until [ -e go ]; do sleep 0.05; done";
    const clusters = [marked(STANDS, stands, up), marked(STANDS, stands, gone)];
    await session.place(...clusters);
    await Deno.symlink("cancelled", `${clusters[1]?.directory}/begun`);
    await Deno.writeTextFile(`${other.directory}/go`, "");
    await session.appears(`${second.directory}/exit`);
    await session.appears(`${clusters[0]?.directory}/told`);
    assert.equal(await session.read(`${first.directory}/step_start`), undefined);
    await Deno.writeTextFile(`${clusters[0]?.directory}/cluster`, "framework=ray\n");
    await session.appears(`${first.directory}/exit`);
    assert.equal(await session.read(`${clusters[0]?.directory}/exit`), undefined);
    await Deno.writeTextFile(`${clusters[0]?.directory}/go`, "");
    await close(session);
    assert.equal(await session.end(), 0);
  },
);

shellTest(
  "told to end, it begins nothing more and ends with what runs",
  { maxConcurrent: 1 },
  async (session) => {
    const running = session.step("echo begun >told; until [ -e go ]; do sleep 0.05; done");
    const waiting = session.step("touch ran");
    await session.place(running);
    await session.begin();
    await session.appears(`${running.directory}/told`);
    await session.place(waiting);
    // By the shell, since Deno's own kill asks for the permission to run anything.
    const { success } = await new Deno.Command("sh", {
      args: ["-c", 'pkill -TERM -f "agent.sh $1\$"', "sh", session.directory],
    }).output();
    assert.ok(success);
    assert.equal(await session.appears(`${session.directory}/inbox`), "ended\n");
    await Deno.writeTextFile(`${running.directory}/go`, "");
    assert.equal(await session.end(), 143);
    assert.match(await session.read(`${running.directory}/exit`) ?? "", / 0 0 - /);
    assert.equal(await session.read(`${waiting.directory}/ran`), undefined);
  },
);
