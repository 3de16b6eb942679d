import assert from "node:assert/strict";
import { attemptId } from "../../model/mod.ts";
import type { CancelMeans } from "../../schedulers/mod.ts";
import type { JobMessage } from "../job/mod.ts";
import { jobNumber, schedulerId } from "../testing/simulated_job.ts";
import { Stage } from "../testing/stage.ts";
import { WaitingCancellations } from "./cancellations.ts";
import type { WaitingCancellation } from "./cancellations.ts";

const end = { kind: "end" } as const;
const ifWaiting = { kind: "end_if_waiting" } as const;
const usr1 = { kind: "signal", signal: "USR1" } as const;
const term = { kind: "signal", signal: "TERM" } as const;

await using stage = new Stage();
const { ref: job } = stage.listener<JobMessage>();

function wanted(means: CancelMeans, n = 1, task?: number): WaitingCancellation {
  return {
    cancellation: {
      attemptId: attemptId(jobNumber(n), 1),
      schedulerId: schedulerId(`${n}`),
      ...(task === undefined ? {} : { task }),
      means,
    },
    job,
  };
}

function after(...requests: readonly WaitingCancellation[]): WaitingCancellations {
  const waiting = new WaitingCancellations();
  for (const request of requests) waiting.add(request);
  return waiting;
}

function meansOf(waiting: WaitingCancellations): CancelMeans[] {
  return waiting.all().map(({ cancellation }) => cancellation.means);
}

Deno.test("the same request twice is one, and of two signals the later one counts", () => {
  assert.deepEqual(meansOf(after(wanted(end), wanted(end))), [end]);
  assert.deepEqual(meansOf(after(wanted(usr1), wanted(term))), [term]);
});

Deno.test("the end at once replaces what is weaker, whichever comes first", () => {
  assert.deepEqual(meansOf(after(wanted(usr1), wanted(ifWaiting), wanted(end))), [end]);
  assert.deepEqual(meansOf(after(wanted(end), wanted(usr1), wanted(ifWaiting))), [end]);
});

Deno.test("a signal for what runs and the end of what waits go together", () => {
  assert.deepEqual(meansOf(after(wanted(ifWaiting), wanted(usr1))), [ifWaiting, usr1]);
});

Deno.test("tasks and jobs have their own requests", () => {
  const waiting = after(wanted(usr1, 1, 0), wanted(end, 1, 1), wanted(usr1, 2), wanted(usr1, 1));
  assert.equal(waiting.all().length, 4);
  waiting.forget(attemptId(jobNumber(1), 1));
  assert.equal(waiting.all().length, 1);
});

Deno.test("what was sent is done with, unless another request took its place meanwhile", () => {
  const [first, second] = [wanted(usr1), wanted(term)];
  const waiting = after(first);
  waiting.add(second);
  assert.equal(waiting.remove(first), false);
  assert.deepEqual(meansOf(waiting), [term]);
  assert.equal(waiting.remove(second), true);
  assert.equal(waiting.empty, true);
});

Deno.test("a signal that is asked for again while it is under way is not sent twice", () => {
  const [first, again] = [wanted(usr1), wanted(usr1)];
  const waiting = after(first);
  waiting.add(again);
  assert.equal(waiting.remove(first), true);
  assert.equal(waiting.empty, true);
});
