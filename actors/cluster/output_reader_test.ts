import assert from "node:assert/strict";
import { FakeConnection } from "../testing/fake_connection.ts";
import { RemoteFiles } from "../testing/remote_files.ts";
import { jobNumber } from "../testing/simulated_job.ts";
import { Stage } from "../testing/stage.ts";
import { OutputRemovedError } from "./errors.ts";
import { outputReader, OutputReaderStoppedError } from "./output_reader.ts";
import type { OutputReaderMessage } from "./output_reader.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

class ReaderStage extends Stage {
  readonly files = new RemoteFiles();
  connection = new FakeConnection();
  readonly reader = this.system.spawn<OutputReaderMessage, unknown>("reader", outputReader());

  up(connection = this.connection): void {
    this.connection = connection;
    this.files.serve(connection);
    this.reader.tell({ type: "up", connection });
  }

  path(n: number): string {
    return this.connection.planner.paths(jobNumber(n)).stdout;
  }

  append(n: number, text: string): void {
    const before = this.files.content.get(this.path(n)) ?? new Uint8Array();
    this.files.content.set(this.path(n), Uint8Array.from([...before, ...bytes(text)]));
  }

  read(n: number, offset = 0, options: {
    wait?: boolean;
    maxBytes?: number;
    task?: number;
    signal?: AbortSignal;
    ahead?: boolean;
  } = {}) {
    const { wait = true, ahead = false, maxBytes = 1_000_000, task } = options;
    const abort = new AbortController();
    const answer: { text?: string; error?: unknown } = {};
    this.reader.tell({
      type: "read",
      question: {
        jobId: jobNumber(n),
        stream: "stdout",
        task,
        offset,
        maxBytes,
        wait,
        ahead,
        signal: options.signal ?? abort.signal,
        reply: {
          ok: (value) => answer.text = new TextDecoder().decode(value),
          fail: (error) => answer.error = error,
        },
      },
    });
    return { answer, abort };
  }
}

Deno.test("bytes that are there are given at once, from the offset on", async () => {
  await using stage = new ReaderStage();
  stage.up();
  stage.append(1, "hello world");
  const { answer } = stage.read(1, 6);
  await stage.clock.advance(10);
  assert.equal(answer.text, "world");
});

Deno.test("two commands serve all readers, however many they are", async () => {
  await using stage = new ReaderStage();
  for (let n = 0; n < 100; n++) stage.append(n, `output of ${n}`);
  const reads = Array.from({ length: 300 }, (_, n) => stage.read(n % 100, n % 3));
  stage.up();
  await stage.clock.advance(10);
  assert.equal(stage.connection.host.runs.made.length, 2);
  assert.deepEqual(
    reads.map(({ answer }) => answer.text),
    reads.map((_, n) => `output of ${n % 100}`.slice(n % 3)),
  );
});

Deno.test("nobody asks the cluster while nobody reads", async () => {
  await using stage = new ReaderStage();
  stage.up();
  await stage.clock.advance(600_000);
  assert.equal(stage.connection.host.runs.made.length, 0);
});

Deno.test("who waits is answered when bytes come, and asks ever more seldom until then", async () => {
  await using stage = new ReaderStage();
  stage.up();
  const { answer } = stage.read(1);
  await stage.clock.advance(60_000);
  assert.equal(answer.text, undefined);
  const asked = stage.connection.host.runs.made.length;
  assert.ok(asked >= 120 && asked < 135, `${asked}`);
  stage.append(1, "late");
  await stage.clock.advance(500);
  assert.equal(answer.text, "late");
});

Deno.test("who does not wait is told that there is nothing", async () => {
  await using stage = new ReaderStage();
  stage.up();
  const { answer } = stage.read(1, 0, { wait: false });
  await stage.clock.advance(10);
  assert.equal(answer.text, "");
});

Deno.test("the end of a job answers those who wait for it, with what there is", async () => {
  await using stage = new ReaderStage();
  stage.up();
  const [ended, empty, other] = [stage.read(1), stage.read(2), stage.read(3)];
  await stage.clock.advance(60);
  stage.append(1, "last words");
  stage.reader.tell({ type: "settle", jobId: jobNumber(1), task: undefined });
  stage.reader.tell({ type: "settle", jobId: jobNumber(2), task: undefined });
  await stage.clock.advance(500);
  assert.equal(ended.answer.text, "last words");
  assert.equal(empty.answer.text, "");
  assert.equal(other.answer.text, undefined);
});

Deno.test("the end of a task answers those who wait for that task", async () => {
  await using stage = new ReaderStage();
  stage.up();
  const [first, second] = [stage.read(1, 0, { task: 0 }), stage.read(1, 0, { task: 1 })];
  stage.reader.tell({ type: "settle", jobId: jobNumber(1), task: 0 });
  await stage.clock.advance(500);
  assert.equal(first.answer.text, "");
  assert.equal(second.answer.text, undefined);
});

Deno.test("a slow reader gets no more than it asks for", async () => {
  await using stage = new ReaderStage();
  stage.up();
  stage.append(1, "x".repeat(10_000));
  const { answer } = stage.read(1, 0, { maxBytes: 100 });
  await stage.clock.advance(60_000);
  assert.equal(answer.text?.length, 100);
  assert.equal(stage.connection.host.runs.made.length, 2);
});

Deno.test("what all readers hold is bounded, however slow they are and however much there is", async () => {
  await using stage = new ReaderStage();
  stage.up();
  const READERS = 100;
  const MEGABYTE = 1024 * 1024;
  for (let n = 0; n < READERS; n++) {
    stage.files.content.set(stage.path(n), new Uint8Array(MEGABYTE));
  }
  // None of them comes back for more.
  const reads = Array.from(
    { length: READERS },
    (_, n) => stage.read(n, 0, { maxBytes: 8 * MEGABYTE }),
  );
  await stage.clock.advance(60_000);
  const held = reads.map(({ answer }) => answer.text?.length ?? 0);
  assert.ok(held.every((length) => length > 0));
  assert.ok(held.reduce((sum, length) => sum + length, 0) <= 34 * MEGABYTE, `${held}`);
  const asked = stage.connection.host.runs.made.length;
  await stage.clock.advance(60_000);
  assert.equal(stage.connection.host.runs.made.length, asked);
});

Deno.test("what all readers hold is bounded also where each of them has asked ahead", async () => {
  await using stage = new ReaderStage();
  stage.up();
  const READERS = 16;
  const MEGABYTE = 1024 * 1024;
  const content = new Uint8Array(32 * MEGABYTE);
  const readers = Array.from({ length: READERS }, (_, n) => {
    stage.files.content.set(stage.path(n), content);
    return { n, signal: new AbortController().signal };
  });
  const held = async (offsets: readonly number[], ahead: boolean) => {
    const reads = readers.map(({ n, signal }) =>
      stage.read(n, offsets[n], { maxBytes: 8 * MEGABYTE, signal, ahead })
    );
    await stage.clock.advance(60_000);
    return reads.map(({ answer }) => answer.text?.length ?? 0);
  };
  const first = await held(readers.map(() => 0), false);
  const second = await held(first, true);
  assert.ok(second.every((length) => length > 0));
  const all = [...first, ...second].reduce((sum, length) => sum + length, 0);
  // The first to ask is alone then, and is given all that it asks for.
  assert.ok(all <= (48 + 8) * MEGABYTE, `${all}`);
});

Deno.test("a reader with much before it is read on by one command each time, without a pause", async () => {
  await using stage = new ReaderStage();
  stage.up();
  stage.append(1, "x".repeat(500_000));
  let offset = 0;
  const { signal } = new AbortController();
  for (let question = 0; question < 5; question++) {
    const { answer } = stage.read(1, offset, { maxBytes: 100_000, signal });
    await stage.clock.advance(1);
    offset += answer.text?.length ?? 0;
  }
  assert.equal(offset, 500_000);
  // The sizes were asked for once.
  assert.equal(stage.connection.host.runs.made.length, 6);
});

Deno.test("across lost connections no byte is lost and none comes twice", async () => {
  await using stage = new ReaderStage();
  stage.up();
  let text = "";
  let read = stage.read(1);
  for (let round = 0; round < 40; round++) {
    stage.append(1, `line ${round}\n`);
    if (round % 5 === 1) {
      // The answer is under way when the line is cut.
      stage.connection.host.runs.answer = undefined;
      await stage.clock.advance(500);
      stage.reader.tell({ type: "down" });
      for (const call of stage.connection.host.runs.made) call.fail(new Error("cut"));
      await stage.clock.advance(100);
      stage.up(new FakeConnection());
    }
    await stage.clock.advance(600);
    if (read.answer.text !== undefined) {
      text += read.answer.text;
      read = stage.read(1, text.length);
    }
  }
  await stage.clock.advance(2_000);
  text += read.answer.text ?? "";
  assert.equal(text, Array.from({ length: 40 }, (_, round) => `line ${round}\n`).join(""));
});

Deno.test("a file that cannot be read keeps nobody else from reading, nor is it taken for empty", async () => {
  await using stage = new ReaderStage();
  stage.up();
  for (const n of [1, 2, 3]) stage.append(n, `output of ${n}`);
  stage.files.unreadable.add(stage.path(2));
  const reads = [1, 2, 3].map((n) => stage.read(n, 0, { wait: false }));
  await stage.clock.advance(1_000);
  assert.deepEqual(reads.map(({ answer }) => answer.text), [
    "output of 1",
    undefined,
    "output of 3",
  ]);
  stage.files.unreadable.clear();
  await stage.clock.advance(1_000);
  assert.equal(reads[1]?.answer.text, "output of 2");
});

Deno.test("a reader that has gone away is no longer asked for", async () => {
  await using stage = new ReaderStage();
  stage.up();
  const { abort } = stage.read(1);
  await stage.clock.advance(1_000);
  abort.abort();
  await stage.clock.advance(1_000);
  const before = stage.connection.host.runs.made.length;
  await stage.clock.advance(60_000);
  assert.equal(stage.connection.host.runs.made.length, before);
});

Deno.test("stopping answers everyone, so that nobody waits for ever", async () => {
  await using stage = new ReaderStage();
  stage.up();
  const { answer } = stage.read(1);
  await stage.clock.advance(100);
  await stage.reader.stop();
  assert.ok(answer.error instanceof OutputReaderStoppedError);
});

/** Asks which of the jobs nobody reads; from then on nobody may. */
async function reserve(stage: ReaderStage, ...numbers: readonly number[]) {
  const jobIds = numbers.map(jobNumber);
  const answered = stage.reader.ask((reply) => ({ type: "reserve" as const, jobIds, reply }));
  await stage.clock.settle();
  return await answered;
}

Deno.test("files that are to be removed are read by nobody, until it turns out otherwise", async () => {
  await using stage = new ReaderStage();
  stage.up();
  stage.append(1, "hello");
  assert.deepEqual(await reserve(stage, 1, 2), [jobNumber(1), jobNumber(2)]);
  const { answer } = stage.read(1);
  await stage.clock.advance(10);
  assert.ok(answer.error instanceof OutputRemovedError);
  assert.match(answer.error.next, /cleanup/);
  assert.deepEqual(await reserve(stage), []);
  const again = stage.read(1);
  await stage.clock.advance(10);
  assert.equal(again.answer.text, "hello");
});

Deno.test("files that somebody reads are kept, also while a slow reader is between two pieces", async () => {
  await using stage = new ReaderStage();
  stage.up();
  stage.append(1, "hello");
  stage.read(2);
  const { answer } = stage.read(1, 0, { maxBytes: 2 });
  await stage.clock.advance(30_000);
  assert.equal(answer.text, "he");
  assert.deepEqual(await reserve(stage, 1, 2, 3), [jobNumber(3)]);
  const next = stage.read(1, 2);
  await stage.clock.advance(61_000);
  assert.equal(next.answer.text, "llo");
  assert.deepEqual(await reserve(stage, 1, 2, 3), [jobNumber(1), jobNumber(3)]);
});
