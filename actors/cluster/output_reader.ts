/**
 * The actor that reads the outputs of all followed jobs over one channel.
 *
 * Readers ask for the bytes behind an offset and are answered when there are some, so a slow reader asks
 * seldom and nothing piles up. All questions that are open are put to the cluster together.
 *
 * @module
 */

import { SluiceError } from "../../model/mod.ts";
import type { JobId } from "../../model/mod.ts";
import type { JobFile } from "../../schedulers/mod.ts";
import type { ActorContext, Behavior, Reply } from "../kernel/mod.ts";
import type { Connection } from "./connection.ts";
import { OutputRemovedError } from "./errors.ts";
import type { WantedPiece } from "./output_reads.ts";
import { readRound } from "./output_round.ts";
import type { Sizes } from "./output_round.ts";

/** A question for bytes. */
export interface OutputQuestion {
  /** The job whose output it is. */
  readonly jobId: JobId;
  /** Which of its files. */
  readonly stream: JobFile;
  /** Number of the array task. */
  readonly task: number | undefined;
  /** First byte wanted. */
  readonly offset: number;
  /** How many bytes at the most. */
  readonly maxBytes: number;
  /** Whether to wait for bytes; otherwise the answer is empty when there are none now. */
  readonly wait: boolean;
  /** Whether it is asked while the reader still has the bytes before these. */
  readonly ahead: boolean;
  /** Where the answer goes. */
  readonly reply: Reply<Uint8Array>;
  /** Ends the wait: nobody reads any more. The same in all questions of a reader. */
  readonly signal: AbortSignal;
}

/** What an output reader can be told. */
export type OutputReaderMessage =
  | { readonly type: "up"; readonly connection: Connection }
  | { readonly type: "down" }
  | { readonly type: "read"; readonly question: OutputQuestion }
  /** The job, or one task of it, has ended: whoever waits for bytes of it is answered at once. */
  | { readonly type: "settle"; readonly jobId: JobId; readonly task: number | undefined }
  /**
   * The files of these jobs are to be removed. Answered with those that nobody reads, and from then on
   * nobody may; those of the time before may be read again, where they have not been removed.
   */
  | {
    readonly type: "reserve";
    readonly jobIds: readonly JobId[];
    readonly reply: Reply<readonly JobId[]>;
  }
  | { readonly type: "round" }
  | {
    readonly type: "read_done";
    readonly found: ReadAnswers;
    readonly asked: readonly OutputQuestion[];
    readonly connection: Connection;
  }
  | { readonly type: "read_failed"; readonly connection: Connection };

/** What was read for each question; bytes that are there but could not be read are another matter. */
type Answers = ReadonlyMap<OutputQuestion, Uint8Array | "unread">;

interface OutputReaderState {
  readonly connection: Connection | undefined;
  readonly open: ReadonlySet<OutputQuestion>;
  readonly settled: ReadonlySet<OutputQuestion>;
  readonly reading: boolean;
  readonly scheduled: boolean;
  /** The wait before the next round, where none of the last ones found anything. */
  readonly waitMs: number;
  /** When the last round began. */
  readonly startedAt: number;
  /** There is no round before: reading must not keep the cluster busy. */
  readonly pausedUntil: number;
  /** How long the files of the last round were behind it. */
  readonly sizes: Sizes;
  /** Jobs whose files are being removed. */
  readonly reserved: ReadonlySet<JobId>;
  /** Readers that have been answered and have not asked again, each by the signal of its questions. */
  readonly holders: Set<AbortSignal>;
  /** When somebody last asked for bytes of a job, the longest ago first. */
  readonly readAt: Map<JobId, number>;
}

/** Raised for questions that were open when the reader was stopped; asking again is safe. */
export class OutputReaderStoppedError extends SluiceError {
  override readonly name: string = "OutputReaderStoppedError";

  /** Says what to do. */
  constructor() {
    super({
      code: "OUTPUT_READER_STOPPED",
      message: "The reading of outputs was stopped before there was an answer.",
      next: "Ask again from the same offset.",
      retryable: true,
    });
  }
}

/**
 * Bytes of one round, and so what all readers together hold who take their time, or half as much again
 * with what they have asked for ahead: each is given at most its share. A round that reads many files starts a process for each, so a small one would cost more.
 */
const BUDGET = 32 * 1024 * 1024;
/** The least that a reader is given, however many there are, in bytes. */
const LEAST_SHARE = 64 * 1024;
/** Shortest and longest wait between rounds that found nothing, in ms. */
const WAIT_MIN_MS = 50;
const WAIT_MAX_MS = 500;
/** Longest wait after a round that found something, in ms; it waits as long as it took. */
const PAUSE_MAX_MS = 200;
/** Time that many readers have to ask for more, in ms, where there is more than one round can bring. */
const GATHER_MS = 10;
/** A job counts as being read for so long after the last question, in ms: readers may be slow. */
const READING_MS = 60_000;

interface ReadAnswers {
  readonly answers: Answers;
  readonly sizes: Sizes;
  /** Whether there was more for somebody than could be read. */
  readonly more: boolean;
}

async function readAll(
  { host, planner }: Connection,
  questions: readonly OutputQuestion[],
  share: number,
  known: Sizes,
  signal: AbortSignal,
): Promise<ReadAnswers> {
  // Readers of the same place share one read.
  const askers = Map.groupBy(questions, (question) => {
    const path = planner.paths(question.jobId, question.task)[question.stream];
    return `${question.offset} ${path}`;
  });
  const groups = new Map<WantedPiece, readonly OutputQuestion[]>();
  for (const [place, group] of askers) {
    const separator = place.indexOf(" ");
    groups.set({
      path: place.slice(separator + 1),
      offset: Number(place.slice(0, separator)),
      maxBytes: Math.min(share, ...group.map(({ maxBytes }) => maxBytes)),
    }, group);
  }
  const { parts, sizes } = await readRound(host, [...groups.keys()], known, BUDGET, signal);
  const answers = [...parts].flatMap(([piece, part]) =>
    (groups.get(piece) ?? []).map((asker) => [asker, part] as const)
  );
  const more = [...parts.keys()].some(({ path, offset, maxBytes }) =>
    (sizes.get(path) ?? 0) - offset > maxBytes
  );
  return { answers: new Map(answers), sizes, more };
}

/** How long to wait after a round that took so long and found something. */
function pauseAfter(tookMs: number, { more, answers }: ReadAnswers): number {
  if (more) return answers.size > 1 ? GATHER_MS : 0;
  return Math.min(PAUSE_MAX_MS, Math.max(WAIT_MIN_MS, tookMs));
}

/** The behaviour of an output reader. */
export function outputReader(): Behavior<OutputReaderMessage, OutputReaderState> {
  const schedule = (
    state: OutputReaderState,
    delayMs: number,
    ctx: ActorContext<OutputReaderMessage>,
  ): OutputReaderState => {
    if (state.scheduled || state.reading || state.open.size === 0) return state;
    if (state.connection === undefined) return state;
    if (delayMs === 0) return round(state, ctx);
    ctx.after(delayMs, { type: "round" });
    return { ...state, scheduled: true };
  };

  const round = (
    state: OutputReaderState,
    ctx: ActorContext<OutputReaderMessage>,
  ): OutputReaderState => {
    const { connection } = state;
    const open = new Set([...state.open].filter(({ signal }) => !signal.aborted));
    if (connection === undefined || state.reading || open.size === 0) return { ...state, open };
    const asked = [...open];
    for (const reader of state.holders) if (reader.aborted) state.holders.delete(reader);
    const readers = asked.length + state.holders.size;
    const share = Math.max(LEAST_SHARE, Math.floor(BUDGET / readers));
    ctx.pipe(
      readAll(connection, asked, share, state.sizes, ctx.signal),
      (found): OutputReaderMessage => ({ type: "read_done", found, asked, connection }),
      (): OutputReaderMessage => ({ type: "read_failed", connection }),
    );
    return { ...state, open, reading: true, startedAt: ctx.clock.now() };
  };

  const done = (
    state: OutputReaderState,
    { found, asked }: Extract<OutputReaderMessage, { type: "read_done" }>,
    ctx: ActorContext<OutputReaderMessage>,
  ): OutputReaderState => {
    const { answers, sizes } = found;
    const open = new Set(state.open);
    for (const question of asked) {
      const bytes = answers.get(question);
      if (bytes === "unread") continue;
      if (bytes === undefined && question.wait && !state.settled.has(question)) continue;
      open.delete(question);
      state.holders.add(question.signal);
      question.reply.ok(bytes ?? new Uint8Array());
    }
    const settled = new Set([...state.settled].filter((question) => open.has(question)));
    const came = [...answers.values()].some((bytes) => bytes !== "unread");
    const waitMs = came ? WAIT_MIN_MS : Math.min(WAIT_MAX_MS, state.waitMs * 1.5);
    const now = ctx.clock.now();
    const pauseMs = came ? pauseAfter(now - state.startedAt, found) : 0;
    return schedule(
      { ...state, open, settled, sizes, reading: false, waitMs, pausedUntil: now + pauseMs },
      came ? pauseMs : waitMs,
      ctx,
    );
  };

  /** Notes that somebody reads the job, and forgets who read long ago. */
  const noteReader = ({ readAt }: OutputReaderState, jobId: JobId, now: number): void => {
    readAt.delete(jobId);
    readAt.set(jobId, now);
    for (const [other, at] of readAt) {
      if (now - at <= READING_MS) break;
      readAt.delete(other);
    }
  };

  const reserve = (
    state: OutputReaderState,
    jobIds: readonly JobId[],
    now: number,
  ): ReadonlySet<JobId> => {
    const asked = new Set([...state.open].map(({ jobId }) => jobId));
    return new Set(
      jobIds.filter((jobId) =>
        !asked.has(jobId) && now - (state.readAt.get(jobId) ?? -Infinity) > READING_MS
      ),
    );
  };

  return {
    init: () => ({
      connection: undefined,
      open: new Set(),
      settled: new Set(),
      reading: false,
      scheduled: false,
      waitMs: WAIT_MIN_MS,
      startedAt: -Infinity,
      pausedUntil: -Infinity,
      sizes: new Map(),
      reserved: new Set(),
      holders: new Set(),
      readAt: new Map(),
    }),

    receive(state, message, ctx) {
      switch (message.type) {
        case "up":
          return schedule({ ...state, connection: message.connection, reading: false }, 0, ctx);
        case "down":
          return { ...state, connection: undefined, reading: false };
        case "read": {
          const { jobId, reply, ahead, signal } = message.question;
          if (state.reserved.has(jobId)) {
            reply.fail(new OutputRemovedError(jobId));
            return state;
          }
          noteReader(state, jobId, ctx.clock.now());
          // Who asks ahead counts twice: it holds bytes and wants more.
          if (!ahead) state.holders.delete(signal);
          // The first round comes at once; those who ask while it is under way share the next.
          const asked = { ...state, open: new Set(state.open).add(message.question) };
          if (!message.question.wait) return round(asked, ctx);
          const waitMs = state.waitMs > WAIT_MIN_MS ? WAIT_MIN_MS : 0;
          return schedule(asked, Math.max(waitMs, state.pausedUntil - ctx.clock.now()), ctx);
        }
        case "settle": {
          const settled = new Set(state.settled);
          for (const question of state.open) {
            const meant = message.task === undefined || message.task === question.task;
            if (question.jobId === message.jobId && meant) settled.add(question);
          }
          return schedule({ ...state, settled }, 0, ctx);
        }
        case "reserve": {
          const reserved = reserve(state, message.jobIds, ctx.clock.now());
          message.reply.ok([...reserved]);
          return { ...state, reserved };
        }
        case "round":
          return round({ ...state, scheduled: false }, ctx);
        case "read_done":
          return message.connection === state.connection ? done(state, message, ctx) : state;
        case "read_failed":
          return message.connection === state.connection
            ? schedule({ ...state, reading: false }, WAIT_MAX_MS, ctx)
            : state;
      }
    },

    stopped(state) {
      for (const { reply } of state?.open ?? []) reply.fail(new OutputReaderStoppedError());
    },
  };
}
