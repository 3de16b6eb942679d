import assert from "node:assert/strict";
import { join } from "node:path";
import { openLocal } from "../../hosts/mod.ts";
import { attemptParts, newJobId, schedulerIdSchema, sessionOfAllocation } from "../../model/mod.ts";
import type { AttemptId } from "../../model/mod.ts";
import { quote } from "../../shell/mod.ts";
import { remoteLayout } from "../layout.ts";
import type { MeteredPart } from "../scheduler.ts";
import { newAttempt } from "../testing/attempts.ts";
import { FakeSlurm } from "../testing/fake_slurm.ts";
import { SlurmPlanner } from "./planner.ts";
import { SlurmScheduler } from "./scheduler.ts";

const never = new AbortController().signal;
const ended = { running: false, final: true, succeeded: true, nodes: 2 };
const runs = { running: true, final: false, succeeded: false, nodes: 2 };

function part(id: string, state: typeof ended, task?: number, attempt = newAttempt()): MeteredPart {
  return {
    ...task === undefined ? {} : { task },
    attemptId: attempt,
    schedulerId: schedulerIdSchema.parse(id),
    ...state,
  };
}

/** A line of sacct's, as the figures are asked for. */
function line(id: string, number: string, state: string, cpu: string, attempt?: AttemptId) {
  const directory = attempt === undefined ? "" : `/jobs/${attemptParts(attempt).jobId}/.`;
  const tres = "cpu=4,mem=100M,node=2";
  const end = state === "RUNNING" ? "Unknown" : "110";
  return [
    id,
    number,
    state,
    "100",
    end,
    "10",
    cpu,
    "4",
    "2",
    "1",
    "",
    "",
    "60",
    "0",
    tres,
    "",
    "",
    directory,
  ]
    .join("\x1f") + "\n";
}

/** Stand-ins for Slurm that note each call of theirs. */
class Stage {
  constructor(readonly fake: FakeSlurm, readonly scheduler: SlurmScheduler) {}

  async answers(command: string, text: string, status = 0): Promise<void> {
    const log = quote(join(this.fake.bin, "calls"));
    const said = `printf %s ${quote(text)}; exit ${status}`;
    await this.fake.command(command, `printf '%s\\n' ${quote(command)} >>${log}\n${said}`);
  }

  async calls(): Promise<string[]> {
    const text = await Deno.readTextFile(join(this.fake.bin, "calls"));
    return text.split("\n").filter((word) => word === "sacct" || word === "sstat");
  }

  async record(attempt: AttemptId, task: number | undefined, text: string): Promise<void> {
    const directory = join(this.fake.root, "jobs", attempt);
    await Deno.mkdir(directory, { recursive: true });
    const name = task === undefined ? "exit" : `exit.${task}`;
    await Deno.writeTextFile(join(directory, name), text);
  }
}

function metricsTest(
  name: string,
  accounting: "slurmdbd" | "none",
  body: (stage: Stage) => Promise<void>,
): void {
  Deno.test(name, async () => {
    await using fake = await FakeSlurm.create();
    await fake.command(
      "scontrol",
      `echo 'AccountingStorageType = accounting_storage/${accounting}'`,
    );
    const prelude = `PATH=${quote(fake.bin)}:$PATH`;
    await using host = await openLocal({ shell: { command: "sh", login: false, prelude } });
    const layout = remoteLayout(fake.root, "server");
    const planner = new SlurmPlanner({ layout, serverId: "server", defaults: {} });
    const stage = new Stage(fake, new SlurmScheduler(host, layout, planner));
    for (const command of ["sacct", "sstat"]) await stage.answers(command, "");
    await Deno.writeTextFile(join(fake.bin, "calls"), "");
    await body(stage);
  });
}

metricsTest("a job that has ended is told by one sacct", "slurmdbd", async (stage) => {
  const one = part("12", ended);
  await stage.answers(
    "sacct",
    line("12", "12", "COMPLETED", "00:20", one.attemptId) +
      line("12.batch", "12.batch", "COMPLETED", "00:20"),
  );
  const { source, cpuEfficiency, steps } = await stage.scheduler.metrics({ parts: [one] }, never);
  assert.deepEqual([source, cpuEfficiency, steps?.length], ["accounting", 0.5, 1]);
  assert.deepEqual(await stage.calls(), ["sacct"]);
});

metricsTest(
  "a job of which accounting has no end yet, or another one, is told by its own record",
  "slurmdbd",
  async (stage) => {
    const one = part("12", ended);
    await stage.record(one.attemptId, undefined, "12 0 0 - 100 130\n");
    for (
      const text of [
        line("12", "12", "RUNNING", "00:00:00", one.attemptId),
        line("12", "12", "COMPLETED", "00:20"),
        line("12", "12", "COMPLETED", "00:20", newAttempt()),
        "",
      ]
    ) {
      await stage.answers("sacct", text);
      assert.deepEqual(await stage.scheduler.metrics({ parts: [one] }, never), {
        source: "record",
        elapsedSeconds: 30,
        nodes: 2,
        nodeHours: 1 / 60,
        hints: [],
      });
    }
  },
);

metricsTest("without accounting nobody asks it, and records tell", "none", async (stage) => {
  const attempt = newAttempt();
  await stage.record(attempt, 0, "12 0 0 - 100 130\n");
  const parts = [part("12", ended, 0, attempt), part("12", ended, 1, attempt)];
  const { source, elapsedSeconds, tasks } = await stage.scheduler.metrics({ parts }, never);
  assert.deepEqual([source, elapsedSeconds], ["record", 30]);
  assert.deepEqual(tasks?.map((task) => [task.source, task.elapsedSeconds]), [
    ["record", 30],
    ["none", undefined],
  ]);
  assert.deepEqual(await stage.calls(), []);
});

metricsTest(
  "tasks that run are told by one sstat, however many, by the numbers that accounting has of them",
  "slurmdbd",
  async (stage) => {
    const attempt = newAttempt();
    const parts = [0, 1, 2, 3].map((task) =>
      part(
        "12",
        task === 0 ? ended : task === 3 ? { ...runs, running: false } : runs,
        task,
        attempt,
      )
    );
    await stage.answers(
      "sacct",
      line("12_0", "13", "COMPLETED", "00:20", attempt) +
        line("12_1", "14", "RUNNING", "00:00:00", attempt) +
        line("12_1.batch", "14.batch", "RUNNING", "00:00:00") +
        line("12_2", "12", "RUNNING", "00:00:00", attempt),
    );
    await stage.answers("sstat", "14.batch|1|100|cpu=00:00:05,fs/disk=1,mem=100|fs/disk=1\n");
    const { source, tasks } = await stage.scheduler.metrics({ parts }, never);
    assert.equal(source, "sstat");
    assert.deepEqual(tasks?.map((task) => [task.source, task.cpuSeconds]), [
      ["accounting", 20],
      ["sstat", 5],
      // Nothing of it has been sampled yet.
      ["accounting", undefined],
      // It waits.
      ["none", undefined],
    ]);
    assert.deepEqual(await stage.calls(), ["sacct", "sstat"]);
  },
);

metricsTest(
  "a running job is told by sstat alone where nothing is accounted",
  "none",
  async (stage) => {
    await stage.answers("sstat", "12.0|2|100|cpu=00:00:05,fs/disk=1,mem=150|fs/disk=1\n");
    const one = part("12", runs);
    const { source, cpuSeconds, peakMemoryBytes } = await stage.scheduler.metrics(
      { parts: [one] },
      never,
    );
    assert.deepEqual([source, cpuSeconds, peakMemoryBytes], ["sstat", 5, 150]);
    // As where jobs are not sampled.
    await stage.answers("sstat", "12.batch|0|||\n");
    assert.deepEqual(await stage.scheduler.metrics({ parts: [one] }, never), {
      source: "none",
      hints: [],
    });
  },
);

metricsTest("accounting that is away is an error that passes", "slurmdbd", async (stage) => {
  await stage.answers("sacct", "", 1);
  await assert.rejects(stage.scheduler.metrics({ parts: [part("12", ended)] }, never), {
    retryable: true,
  });
});

metricsTest(
  "a session's step that never began has used nothing that is known",
  "slurmdbd",
  async (stage) => {
    const session = sessionOfAllocation(newJobId());
    const parts = [part(`step:${session}`, ended)];
    assert.deepEqual(await stage.scheduler.metrics({ session, parts }, never), {
      source: "none",
      hints: [],
    });
    assert.deepEqual(await stage.calls(), []);
  },
);
