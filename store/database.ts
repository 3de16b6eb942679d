/**
 * Opens the database of a journal: private, locked, checked, and of the newest schema.
 *
 * @module
 */

import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileError, journalError, JournalForeignError, JournalTooNewError } from "./errors.ts";
import { FileLock } from "./file_lock.ts";
import { migrations } from "./migrations.ts";
import type { SetAsideTail } from "./wal_tail.ts";
import { setAsideTail } from "./wal_tail.ts";

/** Marks a database as Sluice's in its header: "Slui". */
const applicationId = 0x536c_7569;

/** Milliseconds to wait for a reader such as a backup; it holds up everything, hence short. */
const busyTimeoutMs = 1000;

/** An open database with its lock. */
export interface OpenDatabase extends Disposable {
  /** The connection. */
  readonly connection: DatabaseSync;
  /** What a crash or a bad disk left at the end of the log, if anything; a copy was kept. */
  readonly setAside: SetAsideTail | undefined;
}

/**
 * Opens the file, makes it if need be, and brings its schema up to date.
 *
 * @param options The file, or `:memory:`, and the most bytes it may grow to.
 */
export function openDatabase(
  { path, maxBytes }: { readonly path: string; readonly maxBytes?: number },
): OpenDatabase {
  const resources = new DisposableStack();
  try {
    let setAside: SetAsideTail | undefined;
    if (path !== ":memory:") {
      createDirectory(path);
      resources.use(FileLock.take(path));
      createPrivately(path);
      setAside = setAsideTail(path);
    }
    const connection = resources.adopt(
      new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true }),
      (open) => open.close(),
    );
    checkOwner(connection, path);
    run(connection, "PRAGMA journal_mode = WAL");
    // A commit returns when its bytes are on the disk: what follows it may have remote effects.
    run(connection, "PRAGMA synchronous = FULL");
    run(connection, "PRAGMA cache_size = -65536");
    run(connection, "PRAGMA journal_size_limit = 67108864");
    if (maxBytes !== undefined) {
      const pages = Math.max(1, Math.floor(maxBytes / pragma(connection, "page_size")));
      run(connection, `PRAGMA max_page_count = ${pages}`);
    }
    migrate(connection, path);
    const owned = resources.move();
    return { connection, setAside, [Symbol.dispose]: () => owned.dispose() };
  } catch (error) {
    resources.dispose();
    throw journalError(path, error);
  }
}

/** Job environments may hold secrets: only the owner may read the journal. */
function createPrivately(path: string): void {
  try {
    Deno.openSync(path, { append: true, create: true, mode: 0o600 }).close();
  } catch (error) {
    throw fileError(path, error);
  }
}

function createDirectory(path: string): void {
  try {
    Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileError(path, error);
  }
}

/** Prepared statements carry SQLite's result code in their errors, `exec` does not. */
function run(connection: DatabaseSync, sql: string): void {
  connection.prepare(sql).get();
}

function pragma(connection: DatabaseSync, name: string): number {
  const value = connection.prepare(`PRAGMA ${name}`).get()?.[name];
  return typeof value === "number" ? value : 0;
}

function checkOwner(connection: DatabaseSync, path: string): void {
  const owner = pragma(connection, "application_id");
  const empty = connection.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined;
  if (owner !== applicationId && !(owner === 0 && empty)) throw new JournalForeignError(path);
}

function migrate(connection: DatabaseSync, path: string): void {
  const found = pragma(connection, "user_version");
  if (found > migrations.length) throw new JournalTooNewError(path, found, migrations.length);
  migrations.slice(found).forEach((sql, step) => {
    run(connection, "BEGIN IMMEDIATE");
    try {
      connection.exec(sql);
      run(connection, `PRAGMA application_id = ${applicationId}`);
      run(connection, `PRAGMA user_version = ${found + step + 1}`);
      run(connection, "COMMIT");
    } catch (error) {
      if (connection.isTransaction) run(connection, "ROLLBACK");
      throw error;
    }
  });
}
