import assert from "node:assert/strict";
import { untilAborted } from "./until_aborted.ts";

Deno.test("a promise that settles first is passed on", async () => {
  const { signal } = new AbortController();
  assert.equal(await untilAborted(Promise.resolve(1), signal), 1);
  await assert.rejects(untilAborted(Promise.reject(new Error("no")), signal), /no/);
});

Deno.test("an abort ends the wait with its reason", async () => {
  const controller = new AbortController();
  const waiting = untilAborted(new Promise(() => {}), controller.signal);
  controller.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
});

Deno.test("a signal aborted before wins, and the late failure of the promise is heard", async () => {
  await assert.rejects(
    untilAborted(Promise.reject(new Error("late")), AbortSignal.abort(new Error("before"))),
    /before/,
  );
});
