/**
 * Two hundred jobs of every kind at once.
 */

import assert from "node:assert/strict";
import type { JobEvent, JobId, JobPhase, JobView } from "../../model/mod.ts";
import { jobEvents, jobLogs } from "../../rpc/mod.ts";
import type { SluiceClient } from "../../rpc/mod.ts";
import { onCluster } from "../../scripts/testbed/mod.ts";
import { assertInOrder, endedJobs, Following, phasesOf } from "./support/events.ts";
import {
  assertSameBytes,
  everyByte,
  gather,
  noise,
  printBytes,
  printNoise,
  readAll,
  utf8,
} from "./support/output.ts";
import { within } from "./support/until.ts";
import { jobSpec, serveOnFreePort, shellJob, Workspace } from "./support/workspace.ts";
import type { JobInput } from "./support/workspace.ts";

const JOBS = 200;
const SIGSEGV = 11;

/** How a job or one task of it must end. */
interface Ending {
  readonly phase: JobPhase;
  readonly state: string;
  readonly exitCode?: number;
  readonly signal?: number;
  readonly reason?: string;
}

interface Kind {
  readonly name: string;
  readonly input: JobInput;
  readonly ending: Ending;
  /** Every phase on its way, without those before the queue. */
  readonly way: readonly JobPhase[];
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  /** Slurm itself writes to the standard error of a job that it ends. */
  readonly slurmSpeaks?: boolean;
  /** What the test does to the job once it runs. */
  readonly whenRunning?: "cancel" | "requeue" | "kill";
  /** What the test does to it once it is queued. */
  readonly whenQueued?: "cancel";
}

const nothing = new Uint8Array();
const tiny = { cpusPerTask: 1, memory: 50 } as const;
const ran: readonly JobPhase[] = ["queued", "running"];

function succeeded(
  name: string,
  input: JobInput,
  stdout: Uint8Array,
  stderr: Uint8Array = nothing,
): Kind {
  const ending = { phase: "succeeded", state: "COMPLETED", exitCode: 0 } as const;
  return { name, input, ending, way: [...ran, "succeeded"], stdout, stderr };
}

function failed(name: string, script: string, ending: Omit<Ending, "phase" | "state">): Kind {
  return {
    name,
    input: shellJob(`printf 'about to %s' fail\necho why >&2\n${script}`, { resources: tiny }),
    ending: { phase: "failed", state: "FAILED", ...ending },
    way: [...ran, "failed"],
    stdout: utf8("about to fail"),
    stderr: utf8("why\n"),
  };
}

const backwards = everyByte.toReversed();
const holes = Uint8Array.of(0, 10, 0, 0, 13, 10, 255, 0);
const million = noise(1024 * 1024);

const outOfTime: Kind = {
  name: "out of time",
  input: shellJob("echo on time\nexec sleep 600", { resources: { ...tiny, time: 1 } }),
  ending: { phase: "timed_out", state: "TIMEOUT", reason: "TIMEOUT" },
  way: [...ran, "timed_out"],
  stdout: utf8("on time\n"),
  stderr: nothing,
  slurmSpeaks: true,
};

const cancelledWhileRunning: Kind = {
  name: "cancelled while running",
  input: shellJob("echo begun\nexec sleep 600", { resources: tiny }),
  ending: { phase: "cancelled", state: "CANCELLED", reason: "CANCELLED" },
  way: [...ran, "cancelled"],
  stdout: utf8("begun\n"),
  stderr: nothing,
  slurmSpeaks: true,
  whenRunning: "cancel",
};

const cancelledWhilePending: Kind = {
  name: "cancelled while pending",
  input: shellJob("echo never", { resources: { ...tiny, begin: "now+1hour" } }),
  ending: { phase: "cancelled", state: "CANCELLED", reason: "CANCELLED" },
  way: ["queued", "cancelled"],
  stdout: nothing,
  stderr: nothing,
  whenQueued: "cancel",
};

const requeued: Kind = {
  name: "requeued",
  input: shellJob(
    'echo "run ${SLURM_RESTART_COUNT:-0}"\n[ "${SLURM_RESTART_COUNT:-0}" -gt 0 ] || exec sleep 600',
    { resources: tiny, options: { requeue: true } },
  ),
  ending: { phase: "succeeded", state: "COMPLETED", exitCode: 0 },
  way: ["queued", "running", "queued", "running", "succeeded"],
  stdout: utf8("run 0\nrun 1\n"),
  stderr: nothing,
  slurmSpeaks: true,
  whenRunning: "requeue",
};

const killedFromOutside: Kind = {
  name: "killed from outside",
  input: shellJob("echo begun\nexec sleep 600", { resources: tiny }),
  ending: { phase: "failed", state: "FAILED", signal: SIGSEGV },
  way: [...ran, "failed"],
  stdout: utf8("begun\n"),
  stderr: nothing,
  slurmSpeaks: true,
  whenRunning: "kill",
};

const TASKS = 20;

const array: Kind = {
  name: "array",
  input: shellJob(
    'echo "task $SLURM_ARRAY_TASK_ID"\necho "err $SLURM_ARRAY_TASK_ID" >&2\nexit $((SLURM_ARRAY_TASK_ID % 4))',
    { resources: { ...tiny, array: `0-${TASKS - 1}` } },
  ),
  ending: { phase: "failed", state: "FAILED", exitCode: 1 },
  // That a task runs is an event of the task.
  way: ["queued", "failed"],
  stdout: nothing,
  stderr: nothing,
};

/** Those that take longest come first; plain ones fill up what is left. */
function allKinds(): Kind[] {
  const some: readonly (readonly [number, Kind])[] = [
    [4, outOfTime],
    [4, requeued],
    [1, array],
    [3, killedFromOutside],
    [12, cancelledWhileRunning],
    [16, cancelledWhilePending],
    [
      3,
      succeeded(
        "a megabyte",
        shellJob(`${printNoise(million.length)}\n${printBytes(backwards)} >&2`, {
          resources: tiny,
        }),
        million,
        backwards,
      ),
    ],
    [
      20,
      succeeded(
        "every byte",
        shellJob(`${printBytes(everyByte)}\n${printBytes(backwards)} >&2`, { resources: tiny }),
        everyByte,
        backwards,
      ),
    ],
    [
      20,
      succeeded(
        "NULs and no line end",
        shellJob(printBytes(holes), { resources: tiny }),
        holes,
      ),
    ],
    [30, failed("exit 3", "exit 3", { exitCode: 3, reason: "NonZeroExitCode" })],
    [20, failed("kills itself", "kill -9 $$", { exitCode: 137, signal: 9 })],
    [
      10,
      failed("its child is killed", 'sleep 600 & kill -9 $!; wait $! 2>/dev/null; exit "$?"', {
        exitCode: 137,
        signal: 9,
      }),
    ],
  ];
  const kinds = some.flatMap(([count, kind]) => Array.from({ length: count }, () => kind));
  const plain = succeeded(
    "command",
    { payload: { kind: "command", command: ["printf", "%s", "a b\n$(x)"] }, resources: tiny },
    utf8("a b\n$(x)"),
  );
  return [...kinds, ...Array.from({ length: JOBS - kinds.length }, () => plain)];
}

/** Waits until a job has printed something: that it runs is known before its payload has begun. */
async function spoken(client: SluiceClient, jobId: JobId): Promise<void> {
  for await (const _ of jobLogs(client, { jobId })) return;
}

/** Does to each job what its kind asks for, when an event says that it is time. */
async function interfere(
  client: SluiceClient,
  kinds: ReadonlyMap<string, Kind>,
  signal: AbortSignal,
): Promise<void> {
  const schedulerIds = new Map<string, string>();
  const done = new Set<string>();
  for await (const { jobId, fact } of jobEvents(client, {}, { signal })) {
    if (fact.type === "submitted") schedulerIds.set(jobId, fact.schedulerId);
    const kind = kinds.get(jobId);
    const schedulerId = schedulerIds.get(jobId);
    if (kind === undefined || schedulerId === undefined || done.has(jobId)) continue;
    const what = fact.type === "running"
      ? kind.whenRunning
      : fact.type === "queued"
      ? kind.whenQueued
      : undefined;
    if (what === undefined) continue;
    done.add(jobId);
    if (fact.type === "running") await spoken(client, jobId);
    switch (what) {
      case "cancel":
        await client.jobs.cancel.mutate({ id: jobId });
        break;
      case "requeue":
        await asRoot(["scontrol", "requeue", schedulerId]);
        break;
      case "kill":
        // Not SIGKILL, which Slurm takes for a cancellation; scancel knows this one by its number only.
        await asRoot(["scancel", `--signal=${SIGSEGV}`, "--full", schedulerId]);
        break;
    }
  }
}

async function asRoot(command: readonly string[]): Promise<void> {
  const { code, stderr } = await onCluster(command, { root: true });
  assert.equal(code, 0, stderr);
}

function assertEnding(view: JobView, kind: Kind): void {
  const { phase, state, exitCode, signal, reason } = kind.ending;
  const what = `${kind.name}: ${JSON.stringify(view)}`;
  assert.equal(view.phase, phase, what);
  assert.equal(view.state, state, what);
  assert.equal(view.signal, signal, what);
  if (exitCode !== undefined) assert.equal(view.exitCode, exitCode, what);
  if (reason !== undefined) assert.equal(view.reason?.code, reason, what);
  assert.equal(view.error, undefined, what);
  assert.equal(view.unknownSince, undefined, what);
  assert.equal(view.restarts, kind.whenRunning === "requeue" ? 1 : 0, what);
  if (phase !== "succeeded") assert.ok((view.reason?.text.length ?? 0) > 10, what);
}

Deno.test("200 jobs of mixed kinds all end as they must, with every event and byte once", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const { server, client } = serveOnFreePort(sluice);
  await using _ = server;
  const kinds = allKinds();
  assert.equal(kinds.length, JOBS);

  await using following = new Following((signal) => jobEvents(client, {}, { signal }));
  const jobs = await client.jobs.submitMany.mutate({
    jobs: kinds.map(({ input }) => jobSpec(input)),
  });
  assert.equal(new Set(jobs.map(({ id }) => id)).size, JOBS);
  const outputs = jobs.map((job, index) => ({ job, kind: kinds[index] ?? assert.fail() }));
  const stop = new AbortController();
  const interference = interfere(
    client,
    new Map(outputs.map(({ job, kind }) => [job.id, kind])),
    stop.signal,
  );

  // All outputs are followed while the jobs run.
  const followed = Promise.all(
    outputs.filter(({ kind }) => kind !== array).map(async ({ job, kind }) => {
      const stdout = await gather(jobLogs(client, { jobId: job.id }));
      assertSameBytes(stdout, kind.stdout, `stdout of ${kind.name}`);
    }),
  );
  const ended = Promise.race([
    following.until((events) => endedJobs(events).size === JOBS),
    interference.then(() => assert.fail("the jobs were left alone too early")),
  ]);
  await Promise.all([
    ended,
    // Who reads them has as long as the jobs take, and a while.
    Promise.race([followed, ended.then(() => within("the ends of the outputs", followed))]),
  ]);
  stop.abort();
  await interference;

  const live = [...following.events];
  assertInOrder(live);
  const byJob = Map.groupBy(live, ({ jobId }) => jobId);
  for (const { job, kind } of outputs) {
    const view = await client.jobs.get.query({ id: job.id });
    assertEnding(view, kind);
    const events = byJob.get(job.id) ?? [];
    const way = phasesOf(events).filter((phase) => phase !== "accepted" && phase !== "submitting");
    // A job may be over before anybody saw it run, if it was not made to wait.
    const unseen = kind.whenRunning === undefined && !way.includes("running");
    assert.deepEqual(
      way,
      unseen ? kind.way.filter((phase) => phase !== "running") : kind.way,
      `${kind.name}: ${JSON.stringify(events.map(({ fact }) => fact))}`,
    );
    assert.equal(view.events, events.length);
    assert.equal(events.filter(({ fact }) => fact.type === "submitted").length, 1);

    const replayed: JobEvent[] = [];
    for await (const event of jobEvents(client, { jobId: job.id })) replayed.push(event);
    assert.deepEqual(replayed, events, "a replay tells what the live feed told");

    if (kind === array) continue;
    const stderr = await readAll(jobLogs(client, { jobId: job.id, stream: "stderr" }));
    if (kind.slurmSpeaks === true) {
      assert.match(new TextDecoder().decode(stderr), /^(?:slurmstepd-n[1-4]: error: [^\n]*\n)*$/);
    } else {
      assertSameBytes(stderr, kind.stderr, `stderr of ${kind.name}`);
    }
  }

  const arrayJob = outputs.find(({ kind }) => kind === array)?.job ?? assert.fail();
  const { tasks } = await client.jobs.get.query({ id: arrayJob.id });
  assert.equal(tasks?.length, TASKS);
  for (const { task, phase, exitCode, state } of tasks ?? []) {
    assert.equal(exitCode, task % 4);
    assert.equal(phase, task % 4 === 0 ? "succeeded" : "failed");
    assert.equal(state, task % 4 === 0 ? "COMPLETED" : "FAILED");
    const read = (stream: "stdout" | "stderr") =>
      readAll(jobLogs(client, { jobId: arrayJob.id, task, stream }));
    assertSameBytes(await read("stdout"), utf8(`task ${task}\n`), `stdout of task ${task}`);
    assertSameBytes(await read("stderr"), utf8(`err ${task}\n`), `stderr of task ${task}`);
  }

  assert.deepEqual(
    await firstEvents(client, live.length),
    live,
    "the whole feed again tells what it told live",
  );
  const everything = JOBS - 1 + TASKS;
  const accounted = await workspace.accountedJobs(everything);
  assert.equal(accounted.length, everything, "nothing was submitted twice");
  assert.deepEqual(await client.system.deadLetters.query(), []);
});

async function firstEvents(client: SluiceClient, count: number): Promise<JobEvent[]> {
  const events: JobEvent[] = [];
  for await (const event of jobEvents(client)) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}
