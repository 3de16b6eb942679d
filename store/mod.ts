/**
 * The event journal: an append-only history in SQLite, the jobs as they stand, and feeds.
 *
 * @module
 */

export type { ClusterEntry, JobEntry, JournalEntry } from "./entry.ts";
export {
  CursorInvalidError,
  JournalClosedError,
  JournalConflictError,
  JournalCorruptError,
  JournalFailedError,
  JournalForeignError,
  JournalFullError,
  JournalInUseError,
  JournalReadOnlyError,
  JournalTooNewError,
  JournalUnavailableError,
  SubscriberBehindError,
} from "./errors.ts";
export type { FeedReadOptions } from "./feed.ts";
export { Journal } from "./journal.ts";
export type { JournalEvent, JournalOptions } from "./journal.ts";
export type { StoredJob } from "./reader.ts";
export type { RingLimits } from "./ring.ts";
export type { SetAsideTail } from "./wal_tail.ts";
