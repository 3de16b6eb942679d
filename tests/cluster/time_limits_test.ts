/**
 * What Slurm's time limits end: it knows none below a minute, so that all of this waits for the same one.
 */

import assert from "node:assert/strict";
import { isFinal } from "../../model/mod.ts";
import { onCluster } from "../../scripts/testbed/mod.ts";
import { endIn } from "./support/end_in.ts";
import { untilThere } from "./support/gate.ts";
import { readAll } from "./support/output.ts";
import { SessionBench } from "./support/session_bench.ts";
import { sideBySide } from "./support/side_by_side.ts";
import { until, within } from "./support/until.ts";
import { DEV, jobSpec, shellJob, Workspace } from "./support/workspace.ts";

const small = { memory: 50, cpusPerTask: 1 } as const;
const poll = { minSeconds: 0.5, maxSeconds: 2 };
const HOLD = "while :; do sleep 0.2; done";

sideBySide("a time limit is told apart from all other ends", {
  "a step that reaches its own limit is timed out, after the signal that it asked for":
    async () => {
      await using bench = await SessionBench.open();
      const { id, job } = await bench.openSession({ nodes: 1, cpusPerTask: 4, memory: 500 });
      const waitFor = (signal: string) => `trap "echo told" ${signal}\nwhile :; do sleep 0.2; done`;
      const [patient] = await bench.steps(id, [waitFor("USR1")], {
        resources: { time: "00:00:08" },
        signalBeforeLimit: { signal: "USR1", seconds: 4 },
      });
      const [stubborn] = await bench.steps(id, [waitFor("TERM")], {
        resources: { time: "00:00:05" },
      });
      assert.ok(patient !== undefined && stubborn !== undefined);
      const ends = await bench.ends([patient, stubborn]);
      assert.deepEqual(ends.map(({ phase, state }) => [phase, state]), [
        ["timed_out", "TIMEOUT"],
        ["timed_out", "TIMEOUT"],
      ]);
      assert.equal(await bench.output(patient), "told\n");
      assert.equal(await bench.output(stubborn), "told\n");
      const [session] = await bench.look([job]);
      assert.equal(session?.kind, "active", "the session goes on");
    },

  "what a session at its time limit takes along is timed out, and what never began has failed":
    async () => {
      await using bench = await SessionBench.open();
      const { id, job } = await bench.openSession(
        { nodes: 1, cpusPerTask: 1, memory: 500, time: 1 },
        { maxConcurrent: 1 },
      );
      const [running] = await bench.steps(id, ["sleep 600"]);
      assert.ok(running !== undefined);
      await bench.untilSeen(running, "active");
      const [never] = await bench.steps(id, ["exit 0"]);
      assert.ok(never !== undefined);
      const [end, neverEnd, session] = await bench.ends([running, never, job]);
      assert.deepEqual([end?.phase, end?.state], ["timed_out", "TIMEOUT"]);
      assert.deepEqual([neverEnd?.phase, neverEnd?.reason?.code], ["failed", "SessionEnded"]);
      assert.equal(session?.phase, "timed_out");
    },

  "a session closes when its time is over, which is told before": async () => {
    await using workspace = await Workspace.make();
    await using sluice = await workspace.open({ poll });
    const { id: session } = await sluice.sessions.open({
      cluster: DEV,
      resources: { nodes: 1, cpusPerTask: 4, memory: 400, time: 1 },
      noticeSeconds: 50,
    });
    const { id: job } = await sluice.jobs.submit(
      jobSpec(shellJob("sleep 600", { session, resources: small })),
    );
    const told: string[] = [];
    const following = async () => {
      for await (const { fact } of sluice.sessions.events(session)) told.push(fact.type);
    };
    await within("the session closes", following());
    const view = await sluice.sessions.get(session);
    assert.equal(view.closeReason, "time_limit");
    assert.equal((await sluice.jobs.wait(job)).phase, "timed_out");
    assert.ok(told.includes("session_expiring"), told.join());
  },

  "a component that Slurm or somebody else ends has ended so, and the others go on": async () => {
    await using workspace = await Workspace.make();
    await using sluice = await workspace.open({ poll });
    const go = workspace.file("go");
    const component = (script: string) => ({
      payload: shellJob(script).payload,
      resources: { ...small, time: 30 },
    });
    const { id } = await sluice.jobs.submit(jobSpec({
      ...component(untilThere(go.path)),
      signalBeforeLimit: { signal: "USR1", seconds: 60 },
      components: [component(`trap 'echo early' USR1; echo ready; ${HOLD}`), component(HOLD)],
    }));
    await until("all components run", async () => {
      const { tasks = [] } = await sluice.jobs.get(id);
      return tasks.every(({ phase }) => phase === "running");
    }, 200);
    for await (const _ of sluice.jobs.logs({ jobId: id, task: 1 })) break;
    const { schedulerId } = await sluice.jobs.get(id);
    await endIn(60, `${schedulerId}+1`);
    const { stdout } = await onCluster(["squeue", "--steps", "--noheader", "--format=%i"]);
    const step = stdout.split("\n").find((line) => line.startsWith(`${Number(schedulerId) + 2}.`));
    assert.ok(step, stdout);
    await onCluster(["scancel", step], { root: true });
    await until("both have ended", async () => {
      const { tasks = [] } = await sluice.jobs.get(id);
      return tasks.filter(({ phase }) => isFinal(phase)).length === 2;
    }, 500);
    await onCluster(["touch", go.path]);
    const view = await within("the job ends", sluice.jobs.wait(id));
    assert.deepEqual(view.tasks?.map(({ phase }) => phase), ["succeeded", "timed_out", "failed"]);
    assert.deepEqual(view.tasks?.map(({ state }) => state), ["COMPLETED", "TIMEOUT", "FAILED"]);
    assert.equal(
      new TextDecoder().decode(
        await readAll(sluice.jobs.logs({ jobId: id, task: 1, stream: "stdout", follow: false })),
      ),
      "ready\nearly\n",
    );
  },
});
