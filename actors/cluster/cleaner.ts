/**
 * The actor that removes what jobs left on a cluster, some time after they have ended, and the environments
 * and files that were sent there and that nobody uses any more.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { ClusterName, JobId } from "../../model/mod.ts";
import type { Journal } from "../../store/mod.ts";
import type { ActorContext, ActorRef, Behavior, Cancellable, Reply } from "../kernel/mod.ts";
import type { Connection } from "./connection.ts";
import type { OutputReaderMessage } from "./output_reader.ts";

/** What a cleaner can be told. */
export type CleanerMessage =
  | { readonly type: "up"; readonly connection: Connection }
  | { readonly type: "down" }
  | { readonly type: "round" }
  | { readonly type: "cleaned"; readonly more: boolean; readonly connection: Connection }
  | { readonly type: "not_cleaned"; readonly error: unknown; readonly connection: Connection };

/** How long the files of jobs that have ended are kept, in ms. */
export interface Retention {
  /** Those of jobs that succeeded. */
  readonly successMs: number;
  /** Those of others. */
  readonly failureMs: number;
  /** Environments that were sent, after their last use. */
  readonly environmentMs: number;
  /** Files that were sent, after a job last wanted them. */
  readonly fileMs: number;
}

/** What a cleaner needs. */
export interface CleanerOptions {
  /** The cluster. */
  readonly cluster: ClusterName;
  /** Where jobs are found and marked. */
  readonly journal: Journal;
  /** How long files are kept; for ever where it is absent. */
  readonly retention: Retention | undefined;
  /** Says which jobs nobody reads. */
  readonly outputs: ActorRef<OutputReaderMessage>;
}

interface CleanerState {
  readonly connection: Connection | undefined;
  readonly timer: Cancellable | undefined;
}

const log = getLogger(["sluice", "cluster"]);

/** Waits before the first round on a connection, and between rounds, in ms; some of each is left to chance. */
const FIRST_MS = 60_000;
const INTERVAL_MS = 600_000;
const JITTER = 0.2;
/** Most jobs whose files are removed at once. */
const BATCH = 500;

/** The behaviour of a cleaner. */
export function cleaner(options: CleanerOptions): Behavior<CleanerMessage, CleanerState> {
  type Context = ActorContext<CleanerMessage>;
  const { cluster, journal, retention, outputs } = options;

  /**
   * Removes the files of some jobs that are due. Resolves with whether there may be more. When it is cut
   * short after the removal, the next one removes what is gone already and marks it.
   */
  const clean = async (
    { scheduler }: Connection,
    { successMs, failureMs }: Retention,
    ctx: Context,
  ): Promise<boolean> => {
    const now = ctx.clock.now();
    const due = journal.removable(cluster, {
      succeededBefore: now - successMs,
      otherBefore: now - failureMs,
      limit: BATCH,
    });
    if (due.length === 0) return false;
    const reserve = (jobIds: readonly JobId[]) =>
      outputs.ask(
        (reply: Reply<readonly JobId[]>) => ({ type: "reserve", jobIds, reply }),
        { signal: ctx.signal },
      );
    const unread = await reserve(due);
    if (unread.length === 0) return false;
    try {
      await scheduler.remove(unread, ctx.signal);
    } catch (error) {
      await reserve([]);
      throw error;
    }
    // The journal says from here on that they are gone; until the next round the readers' actor does too.
    await journal.markRemoved(unread, now);
    log.debug("removed the files of {count} jobs of {cluster}", { count: unread.length, cluster });
    return due.length === BATCH;
  };

  /**
   * Has environments go that nobody has used for long. A job that lives wants its own, however long it has waited
   * or run; one that is being staged has used them just now.
   */
  const collect = async (
    { environments }: Connection,
    { environmentMs }: Retention,
    ctx: Context,
  ): Promise<void> => {
    const unused = await environments.unused(environmentMs, ctx.signal);
    if (unused.length === 0) return;
    const live = new Set(
      journal.liveJobIds(cluster).flatMap((id) =>
        journal.summary(id)?.environments?.map(({ sha256 }) => sha256) ?? []
      ),
    );
    const gone = await environments.collect(
      unused.filter((sha256) => live.has(sha256)),
      unused.filter((sha256) => !live.has(sha256)),
      environmentMs,
      ctx.signal,
    );
    if (gone.length > 0) log.info("removed environments of {cluster}: {gone}", { cluster, gone });
  };

  /** Has files go that no job has wanted for long: each has copies of its own of those that it takes in. */
  const expire = async (
    { files }: Connection,
    { fileMs }: Retention,
    ctx: Context,
  ): Promise<void> => {
    const gone = await files.expire(fileMs, ctx.signal);
    if (gone > 0) log.info("removed {gone} files that were sent to {cluster}", { cluster, gone });
  };

  const round = async (
    connection: Connection,
    kept: Retention,
    ctx: Context,
  ): Promise<boolean> => {
    const more = await clean(connection, kept, ctx);
    if (more) return true;
    await collect(connection, kept, ctx);
    await expire(connection, kept, ctx);
    return false;
  };

  const begin = (connection: Connection, kept: Retention, ctx: Context): void =>
    ctx.pipe(
      round(connection, kept, ctx),
      (more): CleanerMessage => ({ type: "cleaned", more, connection }),
      (error): CleanerMessage => ({ type: "not_cleaned", error, connection }),
    );

  const roundIn = (state: CleanerState, delayMs: number, ctx: Context): CleanerState => {
    if (retention === undefined) return state;
    const chance = 1 - JITTER * ctx.random.next();
    return { ...state, timer: ctx.after(delayMs * chance, { type: "round" }) };
  };

  return {
    init: () => ({ connection: undefined, timer: undefined }),

    receive(state, message, ctx) {
      switch (message.type) {
        case "up":
          state.timer?.cancel();
          return roundIn({ ...state, connection: message.connection }, FIRST_MS, ctx);
        case "down":
          state.timer?.cancel();
          return { connection: undefined, timer: undefined };
        case "round":
          if (state.connection !== undefined && retention !== undefined) {
            begin(state.connection, retention, ctx);
          }
          return { ...state, timer: undefined };
        case "cleaned":
          if (message.connection !== state.connection) return state;
          return message.more ? roundIn(state, 0, ctx) : roundIn(state, INTERVAL_MS, ctx);
        case "not_cleaned":
          if (message.connection !== state.connection) return state;
          log.warn("what nobody needs any more on {cluster} could not be removed: {error}", {
            cluster,
            error: message.error,
          });
          return roundIn(state, INTERVAL_MS, ctx);
      }
    },
  };
}
