import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { SluiceError } from "../model/mod.ts";
import { fileError, journalError } from "./errors.ts";
import { TemporaryDirectory } from "./testing/sample_journal.ts";

/** What a database operation throws. */
function thrown(operation: () => unknown): unknown {
  try {
    operation();
  } catch (error) {
    return error;
  }
  assert.fail("the operation succeeded");
}

Deno.test("SQLite's own errors become typed ones that name the file and the next step", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("journal.db");
  const made = new DatabaseSync(path);
  made.exec("CREATE TABLE t (a TEXT); PRAGMA max_page_count = 3");
  const full = "INSERT INTO t VALUES (zeroblob(100000))";
  const readOnly = new DatabaseSync(path, { readOnly: true });
  const write = "INSERT INTO t VALUES ('a')";
  Deno.writeTextFileSync(directory.file("text"), "no database ".repeat(100));
  const text = new DatabaseSync(directory.file("text"));
  const cases: readonly (readonly [string, unknown])[] = [
    ["JOURNAL_FULL", thrown(() => made.prepare(full).run())],
    ["JOURNAL_FULL", thrown(() => made.exec(full))],
    ["JOURNAL_READ_ONLY", thrown(() => readOnly.prepare(write).run())],
    ["JOURNAL_READ_ONLY", thrown(() => readOnly.exec(write))],
    ["JOURNAL_CORRUPT", thrown(() => text.prepare("SELECT * FROM t"))],
    ["JOURNAL_CORRUPT", thrown(() => text.exec("PRAGMA user_version = 1"))],
    ["JOURNAL_UNAVAILABLE", thrown(() => new DatabaseSync(directory.path))],
    ["JOURNAL_FAILED", thrown(() => made.exec("SELECT nothing"))],
    ["JOURNAL_FAILED", "not an error"],
  ];
  for (const database of [made, readOnly, text]) database.close();
  for (const [code, raw] of cases) {
    const error = journalError(path, raw);
    assert.equal(error.code, code, String(raw));
    assert.equal(error.cause, raw);
    assert.ok(error.message.includes(path));
    assert.notEqual(error.next, "");
  }
});

Deno.test("an error that is typed already stays as it is", () => {
  const error = new SluiceError({ code: "X", message: "m", next: "n" });
  assert.equal(journalError("/j", error), error);
});

Deno.test("what the operating system says of a file is told apart", () => {
  const withCode = (code: string) => Object.assign(new Error(code), { code });
  assert.equal(fileError("/j", withCode("ENOSPC")).code, "JOURNAL_FULL");
  assert.equal(fileError("/j", withCode("EROFS")).code, "JOURNAL_READ_ONLY");
  assert.equal(fileError("/j", new Deno.errors.PermissionDenied()).code, "JOURNAL_READ_ONLY");
  assert.equal(fileError("/j", new Deno.errors.NotFound()).code, "JOURNAL_UNAVAILABLE");
});
