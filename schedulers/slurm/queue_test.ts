import assert from "node:assert/strict";
import fc from "fast-check";
import type { CommandResult, Host, RunOptions } from "../../hosts/mod.ts";
import { attemptIdSchema } from "../../model/mod.ts";
import type { AttemptId } from "../../model/mod.ts";
import { newAttempt } from "../testing/attempts.ts";
import { marked, QueueReader } from "./queue.ts";
import type { Queue, QueueLine } from "./queue.ts";

const never = new AbortController().signal;

/** A record of squeue's, as it is asked for. */
function record(attemptId: string, id: number, state: string): string {
  const nothing = "N/A";
  const fields = [
    id,
    state,
    "None",
    "0:0",
    "0",
    "",
    nothing,
    nothing,
    nothing,
    `sluice:${attemptId}`,
  ];
  return `${fields.join("\x1f")}\x1e\n`;
}

/** A host on which squeue prints what a test says, in pieces. */
class Squeue {
  output = "";
  exitCode = 0;
  pieceBytes = 50;
  readonly host: Pick<Host, "run"> = {
    run: (_: string, { onStdout }: RunOptions = {}): Promise<CommandResult> => {
      const bytes = new TextEncoder().encode(this.output);
      for (let start = 0; start < bytes.length; start += this.pieceBytes) {
        onStdout?.(bytes.subarray(start, start + this.pieceBytes));
      }
      const nothing = new Uint8Array();
      return Promise.resolve({ exitCode: this.exitCode, stdout: nothing, stderr: nothing });
    },
  };
}

const attempts = Array.from({ length: 6 }, () => newAttempt());
const states = ["PENDING", "RUNNING", "COMPLETED"];

/** What the queue says of each of the attempts. */
function stateOf(queue: Queue, id: number, attemptId: AttemptId, last?: QueueLine) {
  return queue.find(marked(attemptId, `${id}`), last)?.job.state;
}

Deno.test("each answer is what squeue printed, whatever it printed before and in what order", async () => {
  const queues = fc.array(
    fc.uniqueArray(fc.record({ job: fc.nat({ max: 5 }), state: fc.nat({ max: 2 }) }), {
      selector: ({ job }) => job,
    }),
    { maxLength: 8 },
  );
  await fc.assert(fc.asyncProperty(queues, async (answers) => {
    const squeue = new Squeue();
    const reader = new QueueReader(squeue.host);
    const last = new Map<number, QueueLine | undefined>();
    for (const jobs of answers) {
      squeue.output = jobs.map(({ job, state }) =>
        record(attempts[job] ?? "", job + 1, states[state] ?? "")
      ).join("");
      const queue = await reader.read(never);
      assert.equal(queue.size, jobs.length);
      for (const [job, attemptId] of attempts.entries()) {
        const place = jobs.find((one) => one.job === job)?.state;
        const expected = place === undefined ? undefined : states[place];
        assert.equal(stateOf(queue, job + 1, attemptId), expected);
        assert.equal(stateOf(queue, job + 1, attemptId, last.get(job)), expected);
        last.set(job, queue.find(marked(attemptId, `${job + 1}`), last.get(job)));
      }
    }
  }));
});

Deno.test("a line is the same object for as long as it is the same", async () => {
  const squeue = new Squeue();
  const reader = new QueueReader(squeue.host);
  const [one, two, three] = attempts.slice(0, 3).map((id, n) => record(id, n, "PENDING"));
  const lines = async (...output: (string | undefined)[]) => {
    squeue.output = output.join("");
    return new Map([...(await reader.read(never)).lines()].map((line) => [line.attemptId, line]));
  };
  const before = await lines(one, two, three);
  const after = await lines(three, record(attempts[1] ?? "", 1, "RUNNING"), one);
  const same = attempts.slice(0, 3).map((id) => before.get(id) === after.get(id));
  assert.deepEqual(same, [true, false, true]);
});

Deno.test("jobs that are not Sluice's and what is no record are passed over", async () => {
  const squeue = new Squeue();
  squeue.output = `motd\n${record("x", 1, "PENDING")}${record("", 2, "PENDING")}\x1e\n${
    record(attempts[0] ?? "", 3, "PENDING")
  }7\x1fRUN`;
  const queue = await new QueueReader(squeue.host).read(never);
  assert.deepEqual([...queue.lines()].map(({ job }) => job.id), [{ kind: "job", job: 3 }]);
});

Deno.test("a squeue that fails half way spoils neither its answer's jobs nor the next answer", async () => {
  const squeue = new Squeue();
  const reader = new QueueReader(squeue.host);
  const [one = "", two = ""] = attempts.slice(0, 2).map((id, n) => record(id, n, "PENDING"));
  squeue.output = one + two;
  await reader.read(never);
  squeue.output = record(attempts[0] ?? "", 0, "RUNNING");
  squeue.exitCode = 1;
  await assert.rejects(reader.read(never), { code: "SCHEDULER_UNAVAILABLE" });
  squeue.output = two;
  squeue.exitCode = 0;
  const queue = await reader.read(never);
  assert.deepEqual([...queue.lines()].map(({ attemptId }) => attemptId), [
    attemptIdSchema.parse(attempts[1]),
  ]);
});
