/**
 * The errors of the journal, and how SQLite's own are told apart.
 *
 * @module
 */

import { SluiceError } from "../model/mod.ts";

/** Another process has the journal open. */
export class JournalInUseError extends SluiceError {
  override readonly name: string = "JournalInUseError";

  /** @param path File of the journal. @param holder What the lock file says of its holder. */
  constructor(path: string, holder: string) {
    super({
      code: "JOURNAL_IN_USE",
      message: `The journal ${path} is in use by another Sluice${
        holder === "" ? "" : ` (${holder})`
      }.`,
      next: "Stop the other one, or give this one a `dataDirectory` of its own.",
    });
  }
}

/** The journal was written by a newer release. */
export class JournalTooNewError extends SluiceError {
  override readonly name: string = "JournalTooNewError";

  /** @param path File of the journal. @param found Its version. @param known Ours. */
  constructor(path: string, found: number, known: number) {
    super({
      code: "JOURNAL_TOO_NEW",
      message: `The journal ${path} has schema version ${found}; this Sluice knows ${known}.`,
      next:
        "Use the newer release of Sluice that wrote it, or give this one another `dataDirectory`.",
    });
  }
}

/** The file is a database, but not one of Sluice's. */
export class JournalForeignError extends SluiceError {
  override readonly name: string = "JournalForeignError";

  /** @param path The file. */
  constructor(path: string) {
    super({
      code: "JOURNAL_FOREIGN",
      message: `The file ${path} is a database of another program.`,
      next: "Move the file away, or name another `dataDirectory`.",
    });
  }
}

/** Somebody reads a feed more slowly than it grows. */
export class SubscriberBehindError extends SluiceError {
  override readonly name: string = "SubscriberBehindError";

  /** Retryable: nothing is lost to one that comes back. @param how In what it fell behind. */
  constructor(how: string) {
    super({
      code: "SUBSCRIBER_BEHIND",
      message: `The subscriber fell behind the feed: ${how}.`,
      next: "Subscribe again from the last id that arrived; read faster, or follow fewer jobs.",
      retryable: true,
    });
  }
}

/** What the file holds cannot be what Sluice wrote. */
export class JournalCorruptError extends SluiceError {
  override readonly name: string = "JournalCorruptError";

  /** @param path File of the journal. @param what Which part is damaged, and how. */
  constructor(path: string, what: string, cause?: unknown) {
    super({
      code: "JOURNAL_CORRUPT",
      message: `The journal ${path} is damaged: ${what}.`,
      next:
        "Stop Sluice, keep a copy of the file and those beside it, then restore a backup or salvage it with `sqlite3 FILE .recover`.",
      cause,
    });
  }
}

/** There is no room to write. */
export class JournalFullError extends SluiceError {
  override readonly name: string = "JournalFullError";

  /** @param path File of the journal. */
  constructor(path: string, cause?: unknown) {
    super({
      code: "JOURNAL_FULL",
      message: `The journal ${path} cannot grow: the disk is full.`,
      next: "Free space on its disk and try again; nothing of this call was stored.",
      retryable: true,
      cause,
    });
  }
}

/** The file or its disk cannot be written. */
export class JournalReadOnlyError extends SluiceError {
  override readonly name: string = "JournalReadOnlyError";

  /** @param path File of the journal. */
  constructor(path: string, cause?: unknown) {
    super({
      code: "JOURNAL_READ_ONLY",
      message: `The journal ${path} cannot be written.`,
      next:
        "Make the file and its directory writable for the user that runs Sluice, or name another `dataDirectory`.",
      cause,
    });
  }
}

/** The file cannot be opened or made. */
export class JournalUnavailableError extends SluiceError {
  override readonly name: string = "JournalUnavailableError";

  /** @param path File of the journal. */
  constructor(path: string, cause?: unknown) {
    super({
      code: "JOURNAL_UNAVAILABLE",
      message: `The journal ${path} cannot be opened: ${
        cause instanceof Error ? cause.message : String(cause)
      }.`,
      next: "See that its directory can be made and that the user may read and write there.",
      cause,
    });
  }
}

/** The disk or the database failed in another way. */
export class JournalFailedError extends SluiceError {
  override readonly name: string = "JournalFailedError";

  /** @param path File of the journal. */
  constructor(path: string, cause?: unknown) {
    super({
      code: "JOURNAL_FAILED",
      message: `The journal ${path} failed: ${
        cause instanceof Error ? cause.message : String(cause)
      }.`,
      next: "Look at the system's log for errors of its disk, then try again.",
      retryable: true,
      cause,
    });
  }
}

/** The journal has been closed. */
export class JournalClosedError extends SluiceError {
  override readonly name: string = "JournalClosedError";

  /** @param path File of the journal. */
  constructor(path: string) {
    super({
      code: "JOURNAL_CLOSED",
      message: `The journal ${path} has been closed.`,
      next: "Sluice is stopping: connect again when it has started, from the last event you have.",
      retryable: true,
    });
  }
}

/** The entry does not follow from what the journal has. Nothing of its call was stored. */
export class JournalConflictError extends SluiceError {
  override readonly name: string = "JournalConflictError";

  /** @param why What does not fit. */
  constructor(why: string, cause?: unknown) {
    super({
      code: "JOURNAL_CONFLICT",
      message: `An event does not follow from the journal: ${why}.`,
      next:
        "Read the job's history again and decide anew; if it comes back, report it as a defect.",
      cause,
    });
  }
}

/** The cursor of a listing is not one that Sluice gave out. */
export class CursorInvalidError extends SluiceError {
  override readonly name: string = "CursorInvalidError";

  /** Makes the error. */
  constructor() {
    super({
      code: "CURSOR_INVALID",
      message: "The cursor is not one that a listing gave out.",
      next: "Pass `nextCursor` of the page before as it is, or leave `cursor` out.",
    });
  }
}

const words: readonly (readonly [pattern: RegExp, primaryCode: number])[] = [
  [/disk is full/, 13],
  [/readonly database/, 8],
  [/not a database/, 26],
  [/disk image is malformed/, 11],
  [/unable to open database/, 14],
];

/**
 * SQLite's primary result code of an error, if it is one of SQLite's. `exec` and opening set no
 * `errcode`, so that there its fixed words must do.
 *
 * Source: https://www.sqlite.org/rescode.html
 */
function resultCode(error: Error): number | undefined {
  if ("errcode" in error && typeof error.errcode === "number") return error.errcode & 0xff;
  return words.find(([pattern]) => pattern.test(error.message))?.[1];
}

/** The typed form of whatever a database operation threw. */
export function journalError(path: string, error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  if (!(error instanceof Error)) return new JournalFailedError(path, error);
  switch (resultCode(error)) {
    case 13:
      return new JournalFullError(path, error);
    case 8:
      return new JournalReadOnlyError(path, error);
    case 11:
    case 26:
      return new JournalCorruptError(path, error.message, error);
    case 14:
      return new JournalUnavailableError(path, error);
    default:
      return new JournalFailedError(path, error);
  }
}

/** The typed form of what the operating system says of the journal's files. */
export function fileError(path: string, error: unknown): SluiceError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOSPC" || code === "EDQUOT") return new JournalFullError(path, error);
  return code === "EROFS" || error instanceof Deno.errors.PermissionDenied
    ? new JournalReadOnlyError(path, error)
    : new JournalUnavailableError(path, error);
}
