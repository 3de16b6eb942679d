import assert from "node:assert/strict";
import { EnvironmentsUnusableError, PlatformMismatchError } from "../../environments/mod.ts";
import { attemptId, jobSpecSchema, SluiceError } from "../../model/mod.ts";
import type { AttemptId, JobSpecInput } from "../../model/mod.ts";
import { InputChangedError, LocalFiles } from "../../transfers/mod.ts";
import type { JobMessage } from "../job/mod.ts";
import type { ActorRef } from "../kernel/mod.ts";
import { fakeArchive, FakeArchives } from "../testing/fake_archives.ts";
import { FakeConnection } from "../testing/fake_connection.ts";
import { jobNumber } from "../testing/simulated_job.ts";
import { Stage } from "../testing/stage.ts";
import { stager } from "./stager.ts";
import type { StagerMessage } from "./stager.ts";

const packed = (path: string): JobSpecInput["software"] => ({ kind: "archive", path });
const cut = new SluiceError({ code: "LINK_LOST", message: "Cut.", next: "", retryable: true });
const full = new EnvironmentsUnusableError("/root/environments", "no room");
const mismatch = new PlatformMismatchError("linux-aarch64", ["linux-x86_64"], "the cluster");

interface Job {
  readonly id: AttemptId;
  readonly ref: ActorRef<JobMessage>;
  readonly heard: JobMessage[];
}

const errand = Symbol("a test");

class StagerStage extends Stage {
  readonly archives = new FakeArchives();
  connection = new FakeConnection();
  readonly stager = this.system.spawn<StagerMessage, unknown>(
    "stager",
    stager({ environments: this.archives, files: new LocalFiles(), defaultPartition: "debug" }),
  );
  #jobs = 0;

  constructor() {
    super();
    this.archives.prepares.answer = (software) =>
      fakeArchive(software.kind === "archive" ? software.path : "packed");
  }

  get sends() {
    return this.connection.environments.sends;
  }

  /** What was sent, in order. */
  get sent(): string[] {
    return this.sends.made.map(({ argument }) => argument.path);
  }

  up(connection = this.connection): void {
    this.connection = connection;
    this.stager.tell({ type: "up", connection });
  }

  async stage(input: Partial<JobSpecInput>, job = this.#newJob()): Promise<Job> {
    const spec = jobSpecSchema.parse({
      cluster: "alpha",
      payload: { kind: "command", command: ["true"] },
      ...input,
    });
    this.stager.tell({ type: "stage", attemptId: job.id, errand, spec, job: job.ref });
    await this.clock.settle();
    return job;
  }

  #newJob(): Job {
    return { id: attemptId(jobNumber(++this.#jobs), 1), ...this.listener<JobMessage>() };
  }
}

function staged({ id: attemptId }: Job, ...paths: readonly string[]): JobMessage {
  const environments = paths.map((path) => ({ sha256: fakeArchive(path).sha256 }));
  return { type: "staged", attemptId, environments };
}

Deno.test("jobs with the same software wait for one upload, and hear of it together", async () => {
  await using stage = new StagerStage();
  const jobs = [await stage.stage({ software: packed("a") })];
  assert.deepEqual(stage.archives.prepares.made, [], "nothing happens without a connection");
  stage.up();
  for (let more = 0; more < 4; more++) jobs.push(await stage.stage({ software: packed("a") }));
  const other = await stage.stage({ software: packed("b") });
  assert.deepEqual(stage.sent, ["a", "b"]);
  stage.sends.made[0]?.ok();
  await stage.clock.settle();
  for (const job of jobs) assert.deepEqual(job.heard, [staged(job, "a")]);
  assert.deepEqual(other.heard, []);
});

Deno.test("a job that comes later has the cluster asked anew", async () => {
  await using stage = new StagerStage();
  stage.up();
  stage.sends.answer = () => {};
  await stage.stage({ software: packed("a") });
  const later = await stage.stage({ software: packed("a") });
  assert.deepEqual(later.heard, [staged(later, "a")]);
  assert.deepEqual(
    stage.sent,
    ["a", "a"],
    "what is there is not sent again by the one who is asked",
  );
});

Deno.test("a job with several environments hears when it has all, in the order of its parts", async () => {
  await using stage = new StagerStage();
  stage.up();
  const payload = { kind: "command" as const, command: ["true"] };
  const job = await stage.stage({
    software: packed("a"),
    resources: { partition: "cpu" },
    components: [
      { payload, software: { kind: "venv", path: "/venv" } },
      { payload, software: packed("b") },
      { payload, software: packed("a"), resources: { partition: "cpu" } },
    ],
  });
  assert.deepEqual(stage.sent, ["a", "b"]);
  stage.sends.made[1]?.ok();
  await stage.clock.settle();
  assert.deepEqual(job.heard, []);
  stage.sends.made[0]?.ok();
  await stage.clock.settle();
  assert.deepEqual(job.heard, [staged(job, "a", "b", "a")]);
});

Deno.test("the platform is checked by partition, before anything is sent", async () => {
  await using stage = new StagerStage();
  stage.up();
  stage.archives.prepares.answer = () => fakeArchive("a", "linux-aarch64");
  const { environments } = stage.connection;
  const asked: (string | undefined)[] = [];
  environments.check = (platform, partition) => {
    asked.push(`${platform} ${partition}`);
    return Promise.reject(mismatch);
  };
  const job = await stage.stage({ software: packed("a"), resources: { partition: "grace" } });
  await stage.stage({ software: packed("a") });
  assert.deepEqual(asked, ["linux-aarch64 grace", "linux-aarch64 debug"]);
  assert.deepEqual(job.heard, [
    { type: "stage_failed", attemptId: job.id, error: mismatch, again: false },
  ]);
  await stage.clock.advance(600_000);
  assert.deepEqual(stage.sent, []);
  assert.equal(asked.length, 2, "what no retry mends is not tried again");
});

Deno.test("what may pass is told and tried again, ever more seldom", async () => {
  await using stage = new StagerStage();
  stage.up();
  stage.sends.answer = () => {
    throw full;
  };
  const job = await stage.stage({ software: packed("a") });
  assert.deepEqual(job.heard, [
    { type: "stage_failed", attemptId: job.id, error: full, again: true },
  ]);
  await stage.clock.advance(1_000);
  assert.equal(stage.sent.length, 2);
  await stage.clock.advance(1_999);
  assert.equal(stage.sent.length, 2);
  await stage.clock.advance(1);
  assert.equal(stage.sent.length, 3);
  await stage.clock.advance(600_000);
  assert.ok(stage.sent.length < 18, `${stage.sent.length} tries`);
  stage.sends.answer = () => {};
  await stage.clock.advance(60_000);
  assert.deepEqual(job.heard.at(-1), staged(job, "a"));
});

Deno.test("a lost connection is no failure: when it is back, all goes on at once", async () => {
  await using stage = new StagerStage();
  stage.up();
  const job = await stage.stage({ software: packed("a") });
  const lost = stage.sends.last;
  stage.stager.tell({ type: "down" });
  await stage.clock.settle();
  lost.fail(cut);
  await stage.clock.settle();
  assert.deepEqual(job.heard, []);
  stage.up(new FakeConnection());
  await stage.clock.settle();
  assert.deepEqual(stage.sent, ["a"]);
  stage.sends.last.ok();
  await stage.clock.settle();
  assert.deepEqual(job.heard, [staged(job, "a")]);
});

Deno.test("a connection that is back before the loss was heard is used as well", async () => {
  await using stage = new StagerStage();
  stage.up();
  const job = await stage.stage({ software: packed("a") });
  const lost = stage.sends.last;
  stage.stager.tell({ type: "down" });
  stage.up(new FakeConnection());
  await stage.clock.settle();
  assert.deepEqual(stage.sent, []);
  lost.fail(cut);
  await stage.clock.settle();
  assert.deepEqual(stage.sent, ["a"]);
  stage.sends.last.ok();
  await stage.clock.settle();
  assert.deepEqual(job.heard, [staged(job, "a")]);
});

Deno.test("a job that is taken back is told so, and work that nobody wants is ended", async () => {
  await using stage = new StagerStage();
  stage.up();
  const signals: AbortSignal[] = [];
  stage.connection.environments.send = (_, signal) => {
    signals.push(signal);
    return new Promise<void>((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason))
    );
  };
  const one = await stage.stage({ software: packed("a") });
  const two = await stage.stage({ software: packed("a") });
  stage.stager.tell({ type: "withdraw", attemptId: one.id });
  await stage.clock.settle();
  assert.deepEqual(one.heard, [{ type: "withdrawn", errand }]);
  assert.equal(signals[0]?.aborted, false);
  let released = false;
  stage.stager.tell({ type: "release", attemptId: two.id, released: () => released = true });
  stage.stager.tell({ type: "withdraw", attemptId: two.id });
  await stage.clock.settle();
  assert.ok(released);
  assert.equal(signals[0]?.aborted, true);
  assert.deepEqual(two.heard, [], "who was let go hears nothing more");
  await stage.clock.advance(600_000);
  assert.equal(signals.length, 1);
});

Deno.test("a job that asks again, since its actor was started anew, is told once", async () => {
  await using stage = new StagerStage();
  stage.up();
  const job = await stage.stage({ software: packed("a") });
  await stage.stage({ software: packed("a") }, job);
  assert.deepEqual(stage.sent, ["a"]);
  stage.sends.last.ok();
  await stage.clock.settle();
  assert.deepEqual(job.heard, [staged(job, "a")]);
});

/** What a cluster answers that is asked for the head of a script. */
function head(text: string) {
  const stdout = new TextEncoder().encode(text);
  return { exitCode: 0, stdout, stderr: new Uint8Array() };
}

Deno.test("the #SBATCH lines of scripts on the cluster are read, for each component that runs one", async () => {
  await using stage = new StagerStage();
  stage.connection.host.runs.answer = (command) =>
    head(
      command.includes("/one")
        ? "readable\n#!/bin/sh\n#SBATCH -t 10\n# it\ntrue\n#SBATCH -t 20\n"
        : "readable\n#!/bin/sh\n",
    );
  stage.up();
  const job = await stage.stage({
    payload: { kind: "remote_script", path: "/one" },
    components: [
      { payload: { kind: "command", command: ["true"] } },
      { payload: { kind: "remote_script", path: "~/it's" } },
    ],
  });
  assert.deepEqual(job.heard, [{
    type: "staged",
    attemptId: job.id,
    environments: [],
    scripts: [
      { component: 0, directives: ["#SBATCH --time=10"] },
      { component: 2, directives: [] },
    ],
  }]);
});

Deno.test("a script that is not on the cluster is refused for good, and a cluster that cannot tell is asked again", async () => {
  await using stage = new StagerStage();
  const answers = ["missing\n", "irregular\n", "unreadable\n", "readable\necho hi\n", ""];
  stage.connection.host.runs.answer = () => head(answers.shift() ?? "readable\n#!/bin/sh\n");
  stage.up();
  const codes: string[] = [];
  for (let number = 0; number < 5; number++) {
    const job = await stage.stage({ payload: { kind: "remote_script", path: `/${number}` } });
    const [message] = job.heard;
    assert.equal(message?.type, "stage_failed");
    if (message?.type !== "stage_failed") continue;
    codes.push(message.error.code);
    assert.equal(message.again, message.error.code === "SCHEDULER_UNAVAILABLE");
  }
  assert.deepEqual(codes, [
    "REMOTE_SCRIPT_MISSING",
    "REMOTE_SCRIPT_UNUSABLE",
    "REMOTE_SCRIPT_UNUSABLE",
    "SCRIPT_NO_SHEBANG",
    "SCHEDULER_UNAVAILABLE",
  ]);
});

Deno.test("a job's inputs are put in its places before it hears that it has all it needs", async () => {
  await using stage = new StagerStage();
  const job = await stage.stage({
    inputs: { number: 3, word: { text: "word", to: "deep/word" } },
    workingDirectory: "~/work",
    components: [{
      payload: { kind: "command", command: ["true"] },
      inputs: { word: { text: "other", to: "/data/word" } },
    }],
  });
  stage.up();
  await stage.clock.settle();
  const { places } = stage.connection.files;
  assert.deepEqual(
    places.last.argument.map(({ name, to }) => [name, to]),
    [["word", "~/work/deep/word"], ["word", "/data/word"]],
  );
  assert.equal(job.heard.at(0), undefined);
  places.last.ok();
  await stage.clock.settle();
  const [heard] = job.heard;
  assert.ok(heard?.type === "staged");
  assert.deepEqual(heard.environments, []);
  assert.deepEqual(
    heard.inputs?.map(({ name, component, files, bytes }) => [name, component, files, bytes]),
    [["word", 0, 1, 4], ["word", 1, 1, 5]],
  );
});

Deno.test("an input that cannot be read ends the job, and one that changes is tried again", async () => {
  await using stage = new StagerStage();
  stage.up();
  const job = await stage.stage({ inputs: { none: { file: "none/such" } } });
  await until(stage, () => job.heard.length > 0);
  const [failed] = job.heard;
  assert.ok(failed?.type === "stage_failed");
  assert.deepEqual([failed.error.code, failed.again], ["INPUT_UNREADABLE", false]);

  const changing = await stage.stage({ inputs: { word: { text: "word", to: "word" } } });
  const { places } = stage.connection.files;
  places.last.fail(new InputChangedError("word"));
  await stage.clock.settle();
  const [again] = changing.heard;
  assert.ok(again?.type === "stage_failed");
  assert.deepEqual([again.error.code, again.again], ["INPUT_CHANGED", true]);
  await stage.clock.advance(1_000);
  places.last.ok();
  await stage.clock.settle();
  assert.equal(changing.heard.at(-1)?.type, "staged");
});

/** Lets the disk answer, which no clock knows of. */
async function until(stage: StagerStage, condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    await stage.clock.settle();
  }
}
