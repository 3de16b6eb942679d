/**
 * The actor that reads what the payloads of all jobs have to say, over one channel.
 *
 * A job asks for the bytes behind an offset, once for each of its parts, and is given some as soon as there are
 * any. It asks again when they are journaled, so that a payload that writes without end waits for the journal,
 * and nobody for it. However many are open, one round asks for so many files at the most.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { JobId } from "../../model/mod.ts";
import { commandLine } from "../../shell/mod.ts";
import type { JobMessage, MessagePiece } from "../job/mod.ts";
import type { ActorContext, ActorRef, Behavior, Cancellable } from "../kernel/mod.ts";
import type { Connection } from "./connection.ts";
import type { WantedPiece } from "./output_reads.ts";
import { OUTPUT_LANE, readRound } from "./output_round.ts";
import type { Round } from "./output_round.ts";

/** A question for what a job, or one task of it, has to say. */
export interface MessageQuestion {
  /** The job. */
  readonly jobId: JobId;
  /** Number of the array task. */
  readonly task: number | undefined;
  /** First byte wanted. */
  readonly offset: number;
  /**
   * Whether its payload has ended: it is answered with what there is up to the end that the file has when it is
   * first looked at, however little that is. Otherwise as soon as there is something.
   */
  readonly over: boolean;
  /** That end, where it was told. */
  readonly until?: number | undefined;
}

/** What a message reader can be told. */
export type MessageReaderMessage =
  | { readonly type: "up"; readonly connection: Connection }
  | { readonly type: "down" }
  /** In the place of what was asked of the same part before. */
  | {
    readonly type: "follow";
    readonly question: MessageQuestion;
    readonly job: ActorRef<JobMessage>;
  }
  /** Nothing of these parts of the job, or of any, is wanted any more. */
  | {
    readonly type: "unfollow";
    readonly jobId: JobId;
    readonly tasks: readonly (number | undefined)[] | "all";
  }
  | { readonly type: "round" }
  | {
    readonly type: "read_done";
    readonly asked: readonly Asked[];
    readonly found: Round;
    readonly connection: Connection;
  }
  | { readonly type: "read_failed"; readonly connection: Connection; readonly error: unknown };

/** A question that is open. */
interface Entry {
  readonly question: MessageQuestion;
  readonly job: ActorRef<JobMessage>;
  /** How often its bytes were there and could not be read. */
  failures: number;
}

/** A question of a round, with what was wanted for it. */
interface Asked {
  readonly key: string;
  readonly entry: Entry;
  readonly piece: WantedPiece;
}

interface MessageReaderState {
  readonly connection: Connection | undefined;
  /** The questions by their parts, those that were looked at the longest ago first. */
  readonly open: Map<string, Entry>;
  readonly reading: boolean;
  readonly timer: Cancellable | undefined;
  readonly dueAt: number;
  readonly waitMs: number;
}

const log = getLogger(["sluice", "cluster"]);

/** Most files of one round: more take turns. */
const MOST_FILES = 500;
/** Bytes of one round, and of one piece. */
const BUDGET = 8 * 1024 * 1024;
const PIECE_BYTES = 256 * 1024;
/** Shortest and longest wait between rounds that found nothing, in ms. */
const WAIT_MIN_MS = 50;
const WAIT_MAX_MS = 500;
/** Wait after a round that could not be made, in ms. */
const FAILED_MS = 1_000;
/** So often the rest of a file is tried in vain before the job ends without it. */
const MOST_FAILURES = 5;

function keyOf({ jobId, task }: Pick<MessageQuestion, "jobId" | "task">): string {
  return `${jobId} ${task ?? ""}`;
}

/** Opens the files: a file system of the network tells what others have written to whoever opens a file. */
function openCommand(paths: readonly string[]): string {
  return `for sluice_file in ${
    commandLine(paths)
  }; do command : <"$sluice_file"; done 2>/dev/null || :`;
}

/** What is to be told of the question after a round; `undefined` where it stays open. */
function answerOf(
  { entry, piece }: Asked,
  { parts, sizes }: Round,
): MessagePiece | undefined {
  const { question: { task, offset, over, until } } = entry;
  const part = parts.get(piece);
  if (part === "unread") {
    entry.failures += 1;
    if (!over || entry.failures < MOST_FAILURES) return undefined;
    const trouble = `The file ${piece.path} cannot be read from byte ${offset} on.`;
    return { task, offset, bytes: new Uint8Array(), end: offset, trouble };
  }
  if (!over) return part === undefined ? undefined : { task, offset, bytes: part, end: undefined };
  const size = sizes.get(piece.path);
  const end = until ?? Math.max(offset, size ?? offset);
  const bytes = (part ?? new Uint8Array()).subarray(0, end - offset);
  // Cut short after its end was told, it has no more.
  if (bytes.length === 0) {
    const gone = size === undefined || size < offset;
    const trouble = gone && offset > 0
      ? `The file ${piece.path} was removed or cut short: what it may have held beyond byte ${offset} is lost.`
      : undefined;
    return { task, offset, bytes, end: offset, ...(trouble === undefined ? {} : { trouble }) };
  }
  return { task, offset, bytes, end };
}

function unfollow(
  open: Map<string, Entry>,
  { jobId, tasks }: Extract<MessageReaderMessage, { type: "unfollow" }>,
): void {
  if (tasks === "all") {
    for (const [key, { question }] of open) if (question.jobId === jobId) open.delete(key);
  } else for (const task of tasks) open.delete(keyOf({ jobId, task }));
}

/** The behaviour of a message reader. */
export function messageReader(): Behavior<MessageReaderMessage, MessageReaderState> {
  const schedule = (
    state: MessageReaderState,
    delayMs: number,
    ctx: ActorContext<MessageReaderMessage>,
  ): MessageReaderState => {
    const dueAt = ctx.clock.now() + delayMs;
    if (state.connection === undefined || state.reading || state.open.size === 0) return state;
    if (state.timer !== undefined && state.dueAt <= dueAt) return state;
    state.timer?.cancel();
    return { ...state, dueAt, timer: ctx.after(delayMs, { type: "round" }) };
  };

  const round = (
    state: MessageReaderState,
    ctx: ActorContext<MessageReaderMessage>,
  ): MessageReaderState => {
    const { connection, open } = state;
    if (connection === undefined || state.reading || open.size === 0) return state;
    const entries = [...open];
    // Whose end waits for it goes first.
    const chosen = [
      ...entries.filter(([, { question }]) => question.over),
      ...entries.filter(([, { question }]) => !question.over),
    ].slice(0, MOST_FILES);
    const asked = chosen.map(([key, entry]): Asked => {
      const { jobId, task, offset } = entry.question;
      const path = connection.planner.paths(jobId, task).messages;
      open.delete(key);
      open.set(key, entry);
      return { key, entry, piece: { path, offset, maxBytes: PIECE_BYTES } };
    });
    const ended = asked.flatMap(({ entry: { question }, piece }) =>
      question.over && question.until === undefined ? [piece.path] : []
    );
    const read = async (): Promise<Round> => {
      const { host } = connection;
      if (ended.length > 0) {
        await host.run(openCommand(ended), { lane: OUTPUT_LANE, signal: ctx.signal });
      }
      const wanted = asked.map(({ piece }) => piece);
      return await readRound(host, wanted, new Map(), BUDGET, ctx.signal);
    };
    ctx.pipe(
      read(),
      (found): MessageReaderMessage => ({ type: "read_done", asked, found, connection }),
      (error): MessageReaderMessage => ({ type: "read_failed", connection, error }),
    );
    return { ...state, reading: true };
  };

  const done = (
    state: MessageReaderState,
    { asked, found }: Extract<MessageReaderMessage, { type: "read_done" }>,
    ctx: ActorContext<MessageReaderMessage>,
  ): MessageReaderState => {
    const pieces = new Map<ActorRef<JobMessage>, { readonly key: string; piece: MessagePiece }[]>();
    for (const one of asked) {
      // Another question may stand in its place by now.
      if (state.open.get(one.key) !== one.entry) continue;
      const piece = answerOf(one, found);
      if (piece === undefined) continue;
      const { job } = one.entry;
      const told = pieces.get(job);
      if (told === undefined) pieces.set(job, [{ key: one.key, piece }]);
      else told.push({ key: one.key, piece });
    }
    for (const [job, told] of pieces) {
      const heard = job.tell({ type: "messages_read", pieces: told.map(({ piece }) => piece) });
      // What it has no room for now it is told by the next round.
      if (heard !== "full") { for (const { key } of told) state.open.delete(key); }
    }
    const came = found.parts.size > 0;
    const waitMs = came ? WAIT_MIN_MS : Math.min(WAIT_MAX_MS, state.waitMs * 1.5);
    return schedule({ ...state, reading: false, waitMs }, waitMs, ctx);
  };

  return {
    init: () => ({
      connection: undefined,
      open: new Map(),
      reading: false,
      timer: undefined,
      dueAt: 0,
      waitMs: WAIT_MIN_MS,
    }),

    receive(state, message, ctx) {
      switch (message.type) {
        case "up":
          return schedule({ ...state, connection: message.connection, reading: false }, 0, ctx);
        case "down":
          return { ...state, connection: undefined, reading: false };
        case "follow": {
          const { question, job } = message;
          const key = keyOf(question);
          // Behind those that wait already.
          state.open.delete(key);
          state.open.set(key, { question, job, failures: 0 });
          return schedule(state, question.over ? 0 : WAIT_MIN_MS, ctx);
        }
        case "unfollow":
          unfollow(state.open, message);
          return state;
        case "round":
          return round({ ...state, timer: undefined }, ctx);
        case "read_done":
          return message.connection === state.connection ? done(state, message, ctx) : state;
        case "read_failed":
          if (message.connection !== state.connection) return state;
          log.warn("messages of jobs could not be read and are asked for again: {error}", {
            error: message.error,
          });
          return schedule({ ...state, reading: false }, FAILED_MS, ctx);
      }
    },
  };
}
