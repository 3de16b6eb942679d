import assert from "node:assert/strict";
import { join } from "node:path";
import { openLocal } from "../../hosts/mod.ts";
import { attemptParts, schedulerIdSchema } from "../../model/mod.ts";
import type { AttemptId } from "../../model/mod.ts";
import { quote } from "../../shell/mod.ts";
import { attemptDirectory, remoteLayout } from "../layout.ts";
import type { CancelMeans } from "../scheduler.ts";
import { newAttempt } from "../testing/attempts.ts";
import { FakeSlurm } from "../testing/fake_slurm.ts";
import { SHELLS } from "../testing/shells.ts";
import { componentCancelProgram } from "./component_cancel.ts";
import { readComponentMarks } from "./component_marks.ts";
import type { ComponentMarks } from "./component_marks.ts";

/** Time between the request and the end by force in these tests, in seconds. */
const KILL_WAIT = 3_600;

interface World {
  readonly directory: string;
  cancel(component: number, means: CancelMeans): Promise<number>;
  marks(component: number): Promise<ComponentMarks>;
  /** The words of every scancel so far. */
  asked(): Promise<string[]>;
  /** Makes a component that runs in the step. */
  begin(component: number, step: string): Promise<void>;
}

function shellTest(name: string, body: (world: World) => Promise<void>): void {
  for (const shell of SHELLS) {
    Deno.test(`${name} (${shell})`, async () => {
      await using fake = await FakeSlurm.create();
      const log = join(fake.root, "..", "scancelled");
      await fake.command("scancel", `printf '%s\\n' "$*" >>${quote(log)}`);
      await Deno.writeTextFile(log, "");
      const attemptId: AttemptId = newAttempt();
      const layout = remoteLayout(fake.root, "server");
      const directory = attemptDirectory(layout, attemptId);
      await Deno.mkdir(directory, { recursive: true });
      const { jobId, attempt } = attemptParts(attemptId);
      const run = {
        attemptId,
        jobId,
        attempt,
        schedulerId: schedulerIdSchema.parse("12"),
        startedAt: undefined,
        component: true,
      };
      await using host = await openLocal({ shell: { command: shell, login: false, prelude: "" } });
      await body({
        directory,
        cancel: async (component, means) =>
          (await fake.run(shell, componentCancelProgram(directory, component, means, KILL_WAIT)))
            .code,
        marks: async (component) =>
          (await readComponentMarks(
            host,
            layout,
            [{ attemptId, components: true }],
            new AbortController().signal,
          )).of({ ...run, task: component, id: schedulerIdSchema.parse(`12+${component}`) }),
        asked: async () => (await Deno.readTextFile(log)).split("\n").slice(0, -1),
        begin: async (component, step) => {
          await Deno.mkdir(join(directory, `component-${component}`), { recursive: true });
          await Deno.symlink(step, join(directory, `component-${component}`, "step"));
          await Deno.symlink("12", join(directory, `begun.${component}`));
        },
      });
    });
  }
}

shellTest("a component that has not begun never will", async (world) => {
  for (const kind of ["end_if_waiting", "end", "end"] as const) {
    assert.equal(await world.cancel(1, { kind }), 0);
    const { never, cancelled, begun } = await world.marks(1);
    assert.deepEqual({ never, cancelled, begun }, { never: true, cancelled: true, begun: false });
  }
  assert.deepEqual(await world.asked(), []);
  assert.equal((await world.marks(0)).cancelled, false);
});

shellTest(
  "a component that runs is asked to end, once, and made to after a while",
  async (world) => {
    await world.begin(1, "13.4");
    await world.cancel(1, { kind: "end_if_waiting" });
    assert.equal((await world.marks(1)).cancelled, false);
    await world.cancel(1, { kind: "end" });
    await world.cancel(1, { kind: "end" });
    assert.deepEqual(await world.asked(), ["--signal=TERM 13.4"]);
    const { never, cancelled, begun } = await world.marks(1);
    assert.deepEqual({ never, cancelled, begun }, { never: false, cancelled: true, begun: true });
    const longAgo = Math.floor(Date.now() / 1000) - KILL_WAIT - 1;
    await Deno.writeTextFile(join(world.directory, "cancelled.1"), `${longAgo}\n`);
    await world.cancel(1, { kind: "end" });
    assert.deepEqual(await world.asked(), ["--signal=TERM 13.4", "13.4"]);
  },
);

shellTest("a signal reaches the step of the component that it is for", async (world) => {
  await world.begin(0, "12.1");
  await world.begin(1, "13.0");
  assert.equal(await world.cancel(0, { kind: "signal", signal: "INT" }), 0);
  assert.deepEqual(await world.asked(), ["--signal=INT 12.1"]);
  assert.equal((await world.marks(0)).cancelled, false, "it may live on");
});

shellTest("a job whose directory is gone has nothing left to end", async (world) => {
  await Deno.remove(world.directory, { recursive: true });
  assert.equal(await world.cancel(1, { kind: "end" }), 0);
});

shellTest("records are read with the marks, and those of another run are not", async (world) => {
  await world.begin(1, "13.4");
  await Deno.writeTextFile(join(world.directory, "exit.1"), "12 0 3 - 100 200\n");
  await Deno.writeTextFile(join(world.directory, "exit.2"), "11 0 3 - 100 200\n");
  assert.equal((await world.marks(1)).record?.exitCode, 3);
  assert.equal((await world.marks(2)).record, undefined);
});
