import assert from "node:assert/strict";
import type { Wrong } from "./judge.ts";
import { countWrongs } from "./judge.ts";
import type { FeedEvidence, ToldEvent, ToldOutput } from "./judge_feed.ts";
import { judgeEvents, judgeOutput } from "./judge_feed.ts";

function told(id: number, jobId: string, index: number): ToldEvent {
  return { id, jobId, index, text: `event ${id}` };
}

const all = [told(1, "a", 1), told(2, "b", 1), told(5, "a", 2), told(6, "b", 2), told(9, "a", 3)];
const counts = new Map([["a", 3], ["b", 2]]);

function wrongs(evidence: Partial<FeedEvidence>): Partial<Record<Wrong, number>> {
  const { eventsMissed, eventsRepeated } = countWrongs(
    judgeEvents({ live: all, replay: all, counts, ...evidence }),
  );
  return { eventsMissed, eventsRepeated };
}

Deno.test("a feed that told the history once and in order is not complained of", () => {
  assert.deepEqual(wrongs({}), { eventsMissed: 0, eventsRepeated: 0 });
});

Deno.test("an event that the live feed left out is missed", () => {
  assert.deepEqual(wrongs({ live: all.toSpliced(2, 1) }), { eventsMissed: 1, eventsRepeated: 0 });
  assert.deepEqual(wrongs({ live: all.slice(0, -2) }), { eventsMissed: 2, eventsRepeated: 0 });
});

Deno.test("an event that came twice is repeated", () => {
  assert.deepEqual(wrongs({ live: [...all.slice(0, 3), ...all.slice(2)] }), {
    eventsMissed: 0,
    eventsRepeated: 1,
  });
});

Deno.test("two events in one place of a job are a repetition", () => {
  const again = { ...told(7, "a", 2), text: "event 7" };
  const live = [...all.slice(0, 4), again, ...all.slice(4)];
  assert.deepEqual(wrongs({ live, replay: live }), { eventsMissed: 0, eventsRepeated: 1 });
});

Deno.test("events in another order are found", () => {
  const [first, second, ...rest] = all;
  assert.ok(first !== undefined && second !== undefined);
  assert.deepEqual(wrongs({ live: [second, first, ...rest] }), {
    eventsMissed: 0,
    eventsRepeated: 1,
  });
});

Deno.test("an event that was told and is not in the history any more is missed", () => {
  const live = [...all, told(11, "b", 3)];
  assert.deepEqual(wrongs({ live }), { eventsMissed: 1, eventsRepeated: 0 });
});

Deno.test("a gap in the history itself is missed, though the feed told the same", () => {
  const less = all.toSpliced(2, 1);
  assert.deepEqual(wrongs({ live: less, replay: less }), { eventsMissed: 1, eventsRepeated: 0 });
});

Deno.test("an event that is told in other words than the history's is missed", () => {
  const live = all.map((event) => event.id === 5 ? { ...event, text: "another" } : event);
  assert.deepEqual(wrongs({ live }), { eventsMissed: 1, eventsRepeated: 0 });
});

const file = new TextEncoder().encode("one\ntwo\n");

function output(rest: Partial<ToldOutput>): readonly Wrong[] {
  return judgeOutput({ subject: "t", told: file, ended: true, file, ...rest }).map(({ wrong }) =>
    wrong
  );
}

Deno.test("followed output is every byte of the file, once, and an end", () => {
  assert.deepEqual(output({}), []);
  assert.deepEqual(output({ told: new Uint8Array(), file: new Uint8Array() }), []);
  assert.deepEqual(output({ told: file.slice(0, 4) }), ["eventsMissed"]);
  assert.deepEqual(output({ told: Uint8Array.of(...file, ...file) }), ["eventsRepeated"]);
  assert.deepEqual(output({ told: Uint8Array.of(...file.slice(0, 4), 0, 0, 0, 0) }), [
    "eventsMissed",
  ]);
  assert.deepEqual(output({ ended: false }), ["eventsMissed"]);
  assert.deepEqual(output({ ended: false, error: "LOG_GAP" }), ["eventsMissed"]);
});
