import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { TaskView } from "../model/mod.ts";
import { openDatabase } from "./database.ts";
import {
  JournalCorruptError,
  JournalForeignError,
  JournalInUseError,
  JournalTooNewError,
  JournalUnavailableError,
} from "./errors.ts";
import { Journal } from "./journal.ts";
import { SampleJob, TemporaryDirectory } from "./testing/sample_journal.ts";
import { migrations } from "./migrations.ts";

Deno.test("commits wait for the disk, through a write-ahead log, with foreign keys checked", () => {
  using directory = new TemporaryDirectory();
  using database = openDatabase({ path: directory.file("journal.db") });
  const read = (name: string) => database.connection.prepare(`PRAGMA ${name}`).get()?.[name];
  assert.equal(read("journal_mode"), "wal");
  assert.equal(read("synchronous"), 2);
  assert.equal(read("foreign_keys"), 1);
  assert.equal(read("user_version"), migrations.length);
});

Deno.test("a journal has one owner at a time; closing it lets the next in", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("journal.db");
  {
    using _first = Journal.open({ path });
    assert.throws(() => Journal.open({ path }), (error) => {
      assert.ok(error instanceof JournalInUseError);
      assert.equal(error.code, "JOURNAL_IN_USE");
      assert.match(error.message, new RegExp(`process ${Deno.pid}`));
      return true;
    });
  }
  Journal.open({ path }).close();
});

Deno.test("an open that fails keeps nothing locked", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("journal.db");
  Deno.writeTextFileSync(path, "not a database".repeat(100));
  assert.throws(() => Journal.open({ path }), JournalCorruptError);
  Deno.removeSync(path);
  Journal.open({ path }).close();
});

Deno.test("a journal of a newer release is left alone", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("journal.db");
  Journal.open({ path }).close();
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA user_version = ${migrations.length + 1}`);
  database.close();
  assert.throws(() => Journal.open({ path }), JournalTooNewError);
});

Deno.test("a database of another program is left alone", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("journal.db");
  const database = new DatabaseSync(path);
  database.exec("CREATE TABLE recipes (name TEXT)");
  database.close();
  const before = Deno.readFileSync(path);
  assert.throws(() => Journal.open({ path }), JournalForeignError);
  assert.deepEqual(Deno.readFileSync(path), before);
});

Deno.test("a file that was cut short is found when it is opened", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("journal.db");
  {
    using journal = Journal.open({ path });
    await journal.append(Array.from({ length: 50 }, (_, n) => new SampleJob(n).accepted()));
  }
  Deno.truncateSync(path, Deno.statSync(path).size - 4096 * 4);
  assert.throws(() => Journal.open({ path }), JournalCorruptError);
});

Deno.test("a path where no file can be is refused", () => {
  using directory = new TemporaryDirectory();
  Deno.writeTextFileSync(directory.file("file"), "");
  assert.throws(
    () => Journal.open({ path: directory.file("file/journal.db") }),
    JournalUnavailableError,
  );
  Deno.mkdirSync(directory.file("directory"));
  assert.throws(
    () => Journal.open({ path: directory.file("directory") }),
    JournalUnavailableError,
  );
});

Deno.test("a journal of the first schema is brought up to date, its ends with their times", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("journal.db");
  const job = new SampleJob(1);
  const [accepted, ended] = [job.accepted(), job.ended()];
  {
    using journal = Journal.open({ path });
    await journal.append([accepted, ended]);
  }
  const database = new DatabaseSync(path);
  // What the steps after the first add is taken away.
  database.exec(
    `DROP TABLE job_tasks; DROP INDEX ended_jobs_with_files; DROP TABLE idempotency_keys;
    ALTER TABLE jobs DROP COLUMN ended_at; ALTER TABLE jobs DROP COLUMN files_removed_at;
    PRAGMA user_version = 1`,
  );
  database.close();
  using journal = Journal.open({ path });
  const limit = 1;
  const due = (before: number) =>
    journal.removable(job.cluster, { succeededBefore: before, otherBefore: 0, limit });
  assert.deepEqual(due(ended.at + 1), [job.id]);
  assert.deepEqual(due(ended.at), []);
});

Deno.test("a journal that keeps the tasks of arrays within their views is brought up to date with all of them", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("journal.db");
  const [array, plain] = [new SampleJob(1), new SampleJob(2)];
  const entry = array.accepted();
  {
    using journal = Journal.open({ path });
    await journal.append([entry, plain.accepted()]);
  }
  const tasks: readonly TaskView[] = [
    { task: 2, phase: "running", nodes: ["n 'α'"], restarts: 1, startedAt: 1_800_000_000_000.5 },
    { task: 7, phase: "queued", reason: { code: "x", text: '"\n' }, nodes: [], restarts: 0 },
    { task: 9, phase: "queued", nodes: [], restarts: 0 },
  ];
  const database = new DatabaseSync(path);
  database.exec("DROP TABLE job_tasks; PRAGMA user_version = 2");
  database.prepare("UPDATE jobs SET view = ? WHERE id = ?")
    .run(JSON.stringify({ ...entry.view, tasks }), array.id);
  database.close();
  using journal = Journal.open({ path });
  const taskPhases = { running: 1, queued: 2 };
  assert.deepEqual(journal.job(array.id)?.view, { ...entry.view, taskPhases, tasks });
  assert.deepEqual(journal.task(array.id, 7), tasks[1]);
  assert.deepEqual(journal.job(plain.id)?.view, plain.view);
  const changed: TaskView = { task: 9, phase: "running", nodes: ["n2"], restarts: 0 };
  const next = array.next({
    type: "running",
    task: 9,
    state: "RUNNING",
    nodes: ["n2"],
    restarts: 0,
  }, "running");
  await journal.append([{
    ...next,
    view: { ...next.view, taskPhases: { running: 2, queued: 1 } },
    tasks: [changed],
  }]);
  assert.deepEqual(journal.job(array.id)?.view.tasks, [...tasks.slice(0, 2), changed]);
});
