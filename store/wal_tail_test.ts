import assert from "node:assert/strict";
import fc from "fast-check";
import { Journal } from "./journal.ts";
import { cluster, ids, SampleJob, take, TemporaryDirectory } from "./testing/sample_journal.ts";
import { inspectWal } from "./wal_tail.ts";

/** A page and its header. */
const frameBytes = 4096 + 24;

/** Copies a journal with its log as a crash would leave it: the owner has not closed it. */
async function crashed(from: string, to: string, calls: number): Promise<void> {
  using journal = Journal.open({ path: from });
  for (let n = 0; n < calls; n++) await journal.append([new SampleJob(n).accepted()]);
  Deno.copyFileSync(from, to);
  Deno.copyFileSync(`${from}-wal`, `${to}-wal`);
}

/** How many jobs the journal has. */
function accepted(journal: Journal): number {
  return journal.counts().get(cluster("alpha"))?.get("accepted") ?? 0;
}

Deno.test("a log that is whole is left as it is", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("copy.db");
  await crashed(directory.file("journal.db"), path, 5);
  assert.deepEqual(inspectWal(Deno.readFileSync(`${path}-wal`)), { whole: true });
  using journal = Journal.open({ path });
  assert.equal(journal.setAside, undefined);
  assert.equal(journal.lastEventId(), 5);
});

Deno.test("what remains of an earlier round through the log is no damage", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("journal.db");
  using journal = Journal.open({ path });
  // SQLite starts the log over when it has 1,000 pages; the rest of the file keeps the old frames.
  const spec = { script: `#!/bin/sh\n${"#".repeat(400_000)}` };
  let size = 0;
  for (let n = 0; n < 60; n++) {
    await journal.append([new SampleJob(n, n % 15 === 0 ? {} : { spec }).accepted()]);
    size = Math.max(size, Deno.statSync(`${path}-wal`).size);
    assert.deepEqual(inspectWal(Deno.readFileSync(`${path}-wal`)), { whole: true });
  }
  assert.ok(size < 60 * 400_000, "the log was never started over");
});

Deno.test("a half-written last commit is set aside and reported, and all before it kept", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("copy.db");
  await crashed(directory.file("journal.db"), path, 5);
  const log = `${path}-wal`;
  Deno.truncateSync(log, Deno.statSync(log).size - 100);
  const bytes = Deno.readFileSync(log);
  {
    using journal = Journal.open({ path });
    const { setAside } = journal;
    assert.ok(setAside !== undefined);
    assert.equal(setAside.kind, "unfinished");
    assert.equal(setAside.keptBytes + setAside.lostBytes, bytes.length);
    assert.deepEqual(Deno.readFileSync(setAside.file), bytes);
    assert.deepEqual(ids(await take(journal.jobFeed({}), 4)), [1, 2, 3, 4]);
    assert.equal(accepted(journal), 4);
  }
  using again = Journal.open({ path });
  assert.equal(again.setAside, undefined);
});

Deno.test("ids that were lost with a damaged end are never given again", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("copy.db");
  await crashed(directory.file("journal.db"), path, 5);
  const log = `${path}-wal`;
  Deno.truncateSync(log, Deno.statSync(log).size - 100);
  Journal.open({ path }).close();
  using journal = Journal.open({ path });
  const waiting = take(journal.jobFeed({}, { after: 5 }), 2);
  const later = [new SampleJob(7), new SampleJob(8)];
  await journal.append(later.map((job) => job.accepted()));
  assert.deepEqual((await waiting).map(({ jobId }) => jobId), later.map(({ id }) => id));
  const all = await take(journal.jobFeed({}), 6);
  assert.deepEqual(ids(all).slice(0, 4), [1, 2, 3, 4]);
  assert.ok(ids(all).every((id, n) => id > (ids(all)[n - 1] ?? 0)));
});

Deno.test("a commit of which only the first bytes were written is noticed", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("copy.db");
  await crashed(directory.file("journal.db"), path, 1);
  const log = Deno.readFileSync(`${path}-wal`);
  for (const kept of [32, log.length]) {
    for (let lost = 1; lost <= 24; lost++) {
      const bytes = new Uint8Array(kept + lost);
      bytes.set(log.subarray(0, kept));
      bytes.set(log.subarray(32, 32 + lost), kept);
      assert.deepEqual(
        inspectWal(bytes),
        { whole: false, keptBytes: kept, lostBytes: lost, kind: "unfinished" },
      );
    }
  }
});

Deno.test("damage before whole transactions is told from a crash", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("copy.db");
  await crashed(directory.file("journal.db"), path, 5);
  const log = Deno.readFileSync(`${path}-wal`);
  const half = Math.floor(log.length / 2);
  log[half] = (log[half] ?? 0) ^ 1;
  Deno.writeFileSync(`${path}-wal`, log);
  using journal = Journal.open({ path });
  assert.equal(journal.setAside?.kind, "damaged");
  assert.ok(accepted(journal) < 5);
});

Deno.test("any bit that flips in the last frame's header is noticed", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("copy.db");
  await crashed(directory.file("journal.db"), path, 2);
  const log = Deno.readFileSync(`${path}-wal`);
  for (let bit = 0; bit < 24 * 8; bit++) {
    const at = log.length - frameBytes + (bit >> 3);
    const before = log[at] ?? 0;
    log[at] = before ^ (1 << (bit & 7));
    const found = inspectWal(log);
    assert.ok(!found.whole, `bit ${bit}`);
    assert.equal(found.keptBytes + found.lostBytes, log.length, `bit ${bit}`);
    log[at] = before;
  }
});

Deno.test("wherever one bit of the log flips or it is cut, either nothing is lost or it is reported", async () => {
  using directory = new TemporaryDirectory();
  const whole = directory.file("whole.db");
  await crashed(directory.file("journal.db"), whole, 6);
  const log = Deno.readFileSync(`${whole}-wal`);
  let run = 0;
  fc.assert(
    fc.property(
      fc.oneof(
        fc.record({ flip: fc.nat(log.length - 1), bit: fc.nat(7) }),
        fc.record({ cut: fc.nat(log.length - 1) }),
        // The headers are a small part of the log, and the most delicate.
        fc.record({ flip: fc.nat(31), bit: fc.nat(7) }),
        fc.record({
          flip: fc.tuple(fc.nat((log.length - 32) / frameBytes - 1), fc.nat(23))
            .map(([frame, byte]) => 32 + frame * frameBytes + byte),
          bit: fc.nat(7),
        }),
      ),
      (fault) => {
        const path = directory.file(`run${++run}.db`);
        Deno.copyFileSync(whole, path);
        const bytes = log.slice(0, "cut" in fault ? fault.cut : log.length);
        if ("flip" in fault) bytes[fault.flip] = (bytes[fault.flip] ?? 0) ^ (1 << fault.bit);
        Deno.writeFileSync(`${path}-wal`, bytes);
        using journal = Journal.open({ path });
        const lost = 6 - accepted(journal);
        // A log that ends where a transaction ends looks as if the next had never been.
        const cutBetweenFrames = "cut" in fault &&
          (fault.cut === 0 || (fault.cut - 32) % frameBytes === 0);
        if (lost > 0 && !cutBetweenFrames) assert.ok(journal.setAside !== undefined);
        if (journal.setAside !== undefined && lost > 0 && "flip" in fault) {
          assert.deepEqual(Deno.readFileSync(journal.setAside.file), bytes);
        }
      },
    ),
    { numRuns: 150 },
  );
});
