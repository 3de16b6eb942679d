import assert from "node:assert/strict";
import { clusterNameSchema } from "../../model/mod.ts";
import type { ClusterEvent } from "../../model/mod.ts";
import { Journal, JournalFullError } from "../../store/mod.ts";
import { ClusterNotes } from "./notes.ts";

const name = clusterNameSchema.parse("alpha");

/** A journal in memory whose disk can be full. */
function journalOnDisk() {
  const journal = Journal.open({ path: ":memory:" });
  const append = journal.append.bind(journal);
  const disk = { full: false };
  journal.append = (entries) =>
    disk.full ? Promise.reject(new JournalFullError("journal")) : append(entries);
  return { journal, disk };
}

async function noted(journal: Journal, count: number): Promise<ClusterEvent[]> {
  const events: ClusterEvent[] = [];
  if (count === 0) return events;
  for await (const event of journal.clusterFeed({ cluster: name })) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}

Deno.test("what a full disk does not take is kept, and written in order when there is room", async () => {
  const { journal, disk } = journalOnDisk();
  using _ = journal;
  const notes = new ClusterNotes(name, journal);
  assert.equal(await notes.add({ type: "link_up" }, 1), true);
  disk.full = true;
  assert.equal(await notes.add({ type: "submissions_resumed" }, 2), false);
  assert.equal(await notes.write(), false);
  disk.full = false;
  assert.equal(await notes.add({ type: "link_up" }, 3), true);
  assert.deepEqual((await noted(journal, 3)).map(({ at, fact }) => [at, fact.type]), [
    [1, "link_up"],
    [2, "submissions_resumed"],
    [3, "link_up"],
  ]);
});

Deno.test("of what is kept the oldest is dropped when it becomes too much", async () => {
  const { journal, disk } = journalOnDisk();
  using _ = journal;
  const notes = new ClusterNotes(name, journal);
  disk.full = true;
  for (let at = 0; at < 1_000; at++) await notes.add({ type: "link_up" }, at);
  disk.full = false;
  await notes.write();
  const times = (await noted(journal, journal.lastEventId())).map(({ at }) => at);
  assert.deepEqual(times, Array.from({ length: 100 }, (_, n) => 900 + n));
});

Deno.test("a journal that is closed fails nobody", async () => {
  const { journal } = journalOnDisk();
  const notes = new ClusterNotes(name, journal);
  journal.close();
  assert.equal(await notes.add({ type: "link_up" }, 1), false);
});

Deno.test("an actor that fails all the time is noted a few times a minute", async () => {
  const { journal } = journalOnDisk();
  using _ = journal;
  const notes = new ClusterNotes(name, journal);
  for (let at = 0; at < 120_000; at += 100) {
    await notes.addFailure("/root/one", new Error("a defect"), at);
  }
  await notes.addFailure("/root/other", new Error("a defect"), 120_000);
  const events = await noted(journal, journal.lastEventId());
  const actors = events.map(({ fact }) => fact.type === "actor_failed" ? fact.actor : "");
  assert.deepEqual(actors, [...Array(6).fill("/root/one"), "/root/other"]);
});
