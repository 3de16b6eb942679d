import assert from "node:assert/strict";
import { openDatabase } from "./database.ts";
import { Journal } from "./journal.ts";
import { ids, SampleJob, TemporaryDirectory } from "./testing/sample_journal.ts";
import { Reader } from "./reader.ts";

Deno.test("one read of events is bounded by number and by size, and says whether more may follow", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("journal.db");
  {
    using journal = Journal.open({ path });
    const spec = { script: `#!/bin/sh\n${"#".repeat(600_000)}` };
    await journal.append([1, 2, 3].map((n) => new SampleJob(n, { spec }).accepted()));
    await journal.append([4, 5, 6].map((n) => new SampleJob(n).accepted()));
  }
  using database = openDatabase({ path });
  const reader = new Reader(database.connection, path);
  const read = (cursor: number, limit: number) => {
    const { events, complete } = reader.jobEvents("all", cursor, limit);
    return { ids: ids(events), complete };
  };
  assert.deepEqual(read(0, 100), { ids: [1, 2], complete: false });
  assert.deepEqual(read(2, 100), { ids: [3, 4, 5, 6], complete: true });
  assert.deepEqual(read(3, 2), { ids: [4, 5], complete: false });
  assert.deepEqual(read(6, 2), { ids: [], complete: true });
});

Deno.test("pages, feeds and live jobs are found along an index, never by going through a table", () => {
  using database = openDatabase({ path: ":memory:" });
  const scans: string[] = [];
  for (
    const sql of [
      "SELECT key FROM jobs WHERE cluster = 1 AND phase = 'queued' ORDER BY accepted_at DESC, key DESC LIMIT 5",
      "SELECT key FROM jobs WHERE phase = 'queued' ORDER BY accepted_at DESC, key DESC LIMIT 5",
      "SELECT key FROM jobs ORDER BY accepted_at DESC, key DESC LIMIT 5",
      "SELECT job FROM job_labels WHERE label = 'x' AND phase = 'queued' ORDER BY accepted_at DESC, job DESC LIMIT 5",
      "SELECT key FROM jobs WHERE cluster = 1 AND ended IS NULL AND key > 2 ORDER BY key LIMIT 5",
      "SELECT id FROM job_events WHERE job = 1 AND id > 2 ORDER BY id LIMIT 5",
      "SELECT id FROM job_events WHERE cluster = 1 AND id > 2 ORDER BY id LIMIT 5",
    ]
  ) {
    for (const { detail } of database.connection.prepare(`EXPLAIN QUERY PLAN ${sql}`).all()) {
      const avoided = sql.includes("WHERE") ? /TEMP B-TREE|SCAN/ : /TEMP B-TREE|SCAN (?!.*INDEX)/;
      if (avoided.test(String(detail))) scans.push(`${sql}: ${detail}`);
    }
  }
  assert.deepEqual(scans, []);
});
