import assert from "node:assert/strict";
import { clusterConfigSchema, clusterNameSchema, logRequestSchema } from "../model/mod.ts";
import type { LogChunk, LogRequestInput } from "../model/mod.ts";
import { Journal } from "../store/mod.ts";
import type { ClusterMessage, OutputQuestion } from "./cluster/mod.ts";
import { readOutput } from "./job_output.ts";
import { acceptedEntry } from "./testing/accepted_entry.ts";
import { fakePlanner } from "./testing/fake_connection.ts";
import { anySpec, jobNumber } from "./testing/simulated_job.ts";
import { Stage } from "./testing/stage.ts";

const MEGABYTE = 1024 * 1024;

/** A cluster that only listens, and a job on it that may be writing. */
class OutputStage extends Stage {
  readonly #journal = Journal.open({ path: ":memory:" });
  readonly #cluster = this.listener<ClusterMessage>();
  readonly #abort = new AbortController();

  /** Reads what the job writes. */
  async read(
    options: Partial<LogRequestInput> = {},
  ): Promise<AsyncGenerator<LogChunk, void, void>> {
    const entry = acceptedEntry(jobNumber(1), anySpec());
    // It has been sent to the cluster once.
    await this.#journal.append([{ ...entry, view: { ...entry.view, tries: 1 } }]);
    const name = clusterNameSchema.parse(entry.cluster);
    const config = clusterConfigSchema.parse({ type: "local" });
    const handle = { name, config, planner: fakePlanner, ref: this.#cluster.ref };
    const request = logRequestSchema.parse({ jobId: entry.jobId, stream: "stdout", ...options });
    return readOutput(new Map([[name, handle]]), this.#journal, request, this.#abort.signal);
  }

  /** The questions that the cluster was asked so far. */
  async questions(): Promise<readonly OutputQuestion[]> {
    await this.clock.settle();
    return this.#cluster.heard.flatMap((message) =>
      message.type === "read" ? [message.question] : []
    );
  }

  /** The n-th question, from 0. */
  async question(n: number): Promise<OutputQuestion> {
    const question = (await this.questions())[n];
    assert.ok(question !== undefined, `there is no question ${n}`);
    return question;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await super[Symbol.asyncDispose]();
    this.#journal.close();
  }
}

Deno.test("behind a large piece the next is asked for before it is taken, and only that one", async () => {
  await using stage = new OutputStage();
  const feed = await stage.read({ offset: 7 });
  const first = feed.next();
  const asked = await stage.question(0);
  assert.deepEqual([asked.offset, asked.ahead, asked.wait], [7, false, true]);
  asked.reply.ok(new Uint8Array(2 * MEGABYTE));
  assert.equal((await first).value?.offset, 7);
  const ahead = await stage.question(1);
  assert.deepEqual([ahead.offset, ahead.ahead], [7 + 2 * MEGABYTE, true]);
  assert.equal(ahead.signal, asked.signal);
  ahead.reply.ok(new Uint8Array(3 * MEGABYTE));
  assert.equal((await feed.next()).value?.offset, 7 + MEGABYTE);
  assert.equal((await stage.questions()).length, 2, "who takes its time is not read on for");
  assert.equal((await feed.next()).value?.offset, 7 + 2 * MEGABYTE);
  const third = await stage.question(2);
  assert.deepEqual([third.offset, third.ahead], [7 + 5 * MEGABYTE, true]);
});

Deno.test("behind a small piece nothing is asked for until it has been taken", async () => {
  await using stage = new OutputStage();
  const feed = await stage.read();
  const first = feed.next();
  (await stage.question(0)).reply.ok(new Uint8Array(1000));
  assert.equal((await first).value?.bytes.length, 1000);
  assert.equal((await stage.questions()).length, 1);
  const second = feed.next();
  const asked = await stage.question(1);
  assert.deepEqual([asked.offset, asked.ahead], [1000, false]);
  asked.reply.ok(new Uint8Array(1));
  assert.equal((await second).value?.offset, 1000);
});

Deno.test("what was asked for ahead of the end of the output is its end", async () => {
  await using stage = new OutputStage();
  const feed = await stage.read({ follow: false });
  const first = feed.next();
  (await stage.question(0)).reply.ok(new Uint8Array(MEGABYTE));
  await first;
  const ahead = await stage.question(1);
  assert.equal(ahead.wait, false);
  ahead.reply.ok(new Uint8Array());
  assert.equal((await feed.next()).done, true);
  assert.equal((await stage.questions()).length, 2);
});

Deno.test("a question ahead that fails is told of behind the bytes that came before", async () => {
  await using stage = new OutputStage();
  const feed = await stage.read();
  const first = feed.next();
  (await stage.question(0)).reply.ok(new Uint8Array(2 * MEGABYTE));
  await first;
  (await stage.question(1)).reply.fail(new RangeError("no"));
  await stage.clock.settle();
  assert.equal((await feed.next()).value?.offset, MEGABYTE);
  await assert.rejects(feed.next(), RangeError);
});

Deno.test("a reader that leaves gives up what it has asked for ahead", async () => {
  await using stage = new OutputStage();
  const feed = await stage.read();
  const first = feed.next();
  (await stage.question(0)).reply.ok(new Uint8Array(2 * MEGABYTE));
  await first;
  const ahead = await stage.question(1);
  assert.equal(ahead.signal.aborted, false);
  await feed.return();
  assert.equal(ahead.signal.aborted, true);
});
