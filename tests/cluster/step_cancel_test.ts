/**
 * Steps that are cancelled, in every state in which a step can be.
 */

import assert from "node:assert/strict";
import { SessionBench } from "./support/session_bench.ts";

const HOLD = "while :; do sleep 0.2; done";

Deno.test("a step is cancelled wherever it is: in the session, waiting for resources, running", async () => {
  await using bench = await SessionBench.open();
  const { id, job } = await bench.openSession(
    { nodes: 1, cpusPerTask: 2, memory: 500 },
    { maxConcurrent: 2 },
  );
  const resources = { cpusPerTask: 2 };
  const [running] = await bench.steps(id, [`touch ran; ${HOLD}`], { resources });
  assert.ok(running !== undefined);
  await bench.untilSeen(running, "active");
  const [forResources] = await bench.steps(id, ["touch ran"], { resources });
  assert.ok(forResources !== undefined);
  await bench.untilSeen(forResources, "waiting", "SessionResources");
  const [forItsTurn] = await bench.steps(id, ["touch ran"], { resources });
  assert.ok(forItsTurn !== undefined);
  await bench.untilSeen(forItsTurn, "waiting", "SessionQueue");

  await bench.cancel(running, { kind: "end_if_waiting" });
  for (const step of [forItsTurn, forResources, running]) {
    await bench.cancel(step);
    const [end] = await bench.ends([step]);
    assert.deepEqual([end?.phase, end?.state], ["cancelled", "CANCELLED"]);
    // Once more changes nothing.
    await bench.cancel(step);
    if (step !== running) assert.equal((await bench.look([running]))[0]?.kind, "active");
  }
  assert.equal(await bench.exists(`${running.jobId}/ran`), true);
  assert.equal(await bench.exists(`${forResources.jobId}/ran`), false);
  assert.equal(await bench.exists(`${forItsTurn.jobId}/ran`), false);
  const [after] = await bench.steps(id, ["exit 0"], { resources });
  assert.ok(after !== undefined);
  assert.equal((await bench.ends([after]))[0]?.phase, "succeeded", "its place is free again");
  assert.equal((await bench.look([job]))[0]?.kind, "active");
});

Deno.test("a step that waits is ended where only that was asked, whole arrays and single tasks too", async () => {
  await using bench = await SessionBench.open();
  const { id } = await bench.openSession(
    { nodes: 1, cpusPerTask: 1, memory: 500 },
    { maxConcurrent: 2 },
  );
  const [array] = await bench.steps(id, [HOLD], { resources: { array: "1-5" } });
  assert.ok(array !== undefined);
  // Which of the first two gets the only processor is up to Slurm.
  await bench.until(
    "one of them runs",
    async () => (await bench.look([array])).some(({ kind }) => kind === "active"),
  );
  await bench.cancel(array, { kind: "end_if_waiting" }, 5);
  await bench.cancel(array, { kind: "end_if_waiting" });
  await bench.until("all others have ended", async () => {
    const tasks = await bench.look([array]);
    assert.equal(tasks.filter(({ kind }) => kind === "active").length, 1);
    return tasks.filter((one) => one.kind === "ended" && one.phase === "cancelled").length === 4;
  });
  await bench.cancel(array);
  assert.deepEqual(
    (await bench.ends([array])).map(({ phase }) => phase),
    Array(5).fill("cancelled"),
  );
});

Deno.test("a signal reaches all processes of a step that runs, and ends nothing by itself", async () => {
  await using bench = await SessionBench.open();
  const { id } = await bench.openSession({ nodes: 1, cpusPerTask: 2, memory: 500 });
  const [step, deaf] = await bench.steps(id, [
    `trap 'echo told; exit 5' USR1\nsrun --overlap sh -c 'trap "echo nested; exit" USR1; touch ready; ${HOLD}' &\n${HOLD}`,
    `trap 'echo told' TERM\ntouch ready\n${HOLD}`,
  ], { resources: { cpusPerTask: 1 } });
  assert.ok(step !== undefined && deaf !== undefined);
  for (const { jobId } of [step, deaf]) {
    await bench.until("it listens", () => bench.exists(`${jobId}/ready`));
  }
  await bench.cancel(step, { kind: "signal", signal: "USR1" });
  await bench.cancel(deaf, { kind: "signal", signal: "TERM" });
  const [end] = await bench.ends([step]);
  assert.deepEqual([end?.phase, end?.exitCode], ["failed", 5]);
  assert.match(await bench.output(step), /told/);
  await bench.until("it was told", async () => /told/.test(await bench.output(deaf)));
  assert.equal((await bench.look([deaf]))[0]?.kind, "active");
  // What does not end when it is asked to is made to.
  await bench.cancel(deaf);
  assert.equal((await bench.ends([deaf]))[0]?.phase, "cancelled");
});

Deno.test("nothing of a cancelled step is left on any node", async () => {
  await using bench = await SessionBench.open();
  const { id } = await bench.openSession({ nodes: 3, cpusPerTask: 2, memory: 500 });
  const word = `sleep 32${String(Date.now()).slice(-6)}`;
  const script = [
    "trap '' TERM",
    `srun sh -c 'trap "" TERM; ${word}; :' &`,
    `(setsid ${word} &)`,
    word,
  ].join("\n");
  const [step] = await bench.steps(id, [script], { resources: { nodes: 2 } });
  assert.ok(step !== undefined);
  const left = () => bench.shell(`pgrep -u "$(id -u)" -f '[s]${word.slice(1)}' | wc -l`);
  await bench.until("its processes are there", async () => Number(await left()) >= 4);
  await bench.cancel(step);
  assert.equal((await bench.ends([step]))[0]?.phase, "cancelled");
  await bench.until("nothing is left", async () => Number(await left()) === 0);
});

Deno.test("a step that scancel ends is cancelled, and with it those that end with their session", async () => {
  await using bench = await SessionBench.open();
  const { id, job } = await bench.openSession(
    { nodes: 1, cpusPerTask: 2, memory: 500 },
    { maxConcurrent: 2 },
  );
  const [one, other] = await bench.steps(id, [HOLD, HOLD], { resources: { cpusPerTask: 1 } });
  assert.ok(one !== undefined && other !== undefined);
  await bench.untilSeen(one, "active");
  await bench.untilSeen(other, "active");
  const [waiting] = await bench.steps(id, ["exit 0"]);
  assert.ok(waiting !== undefined);
  await bench.shell(`scancel "$(readlink ${one.jobId}/begun)"`);
  assert.equal((await bench.ends([one]))[0]?.phase, "cancelled");
  await bench.untilSeen(waiting, "ended");
  const [last] = await bench.steps(id, [HOLD]);
  const [never] = await bench.steps(id, ["exit 0"]);
  assert.ok(last !== undefined && never !== undefined);
  await bench.untilSeen(last, "active");
  await bench.cancel(job);
  const [otherEnd, lastEnd, neverEnd, session] = await bench.ends([other, last, never, job]);
  assert.deepEqual([otherEnd?.phase, lastEnd?.phase, session?.phase], Array(3).fill("cancelled"));
  assert.deepEqual([neverEnd?.phase, neverEnd?.reason?.code], ["failed", "SessionEnded"]);
});
