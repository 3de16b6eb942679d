/**
 * The queue as squeue tells it, read again and again: what did not change since costs next to nothing.
 *
 * @module
 */

import type { Host } from "../../hosts/mod.ts";
import { attemptParts } from "../../model/mod.ts";
import type { AttemptId, JobId } from "../../model/mod.ts";
import {
  formatJobId,
  parseComment,
  parseSqueueRecord,
  squeueArguments,
  SqueueRecords,
  stateMeaning,
} from "../../slurm/mod.ts";
import type { SqueueJob } from "../../slurm/mod.ts";
import { SchedulerUnavailableError } from "../errors.ts";
import type { Sighting } from "../scheduler.ts";
import { slurmLine } from "./command_lines.ts";
import { queuedSighting } from "./verdict.ts";

/** One of Sluice's jobs, or an array task of one, as the queue has it: the same object while it is the same. */
export interface QueueLine {
  /** What squeue says of it. */
  readonly job: SqueueJob;
  /** The attempt whose mark it carries. */
  readonly attemptId: AttemptId;
  /** The job of the attempt. */
  readonly jobId: JobId;
  /** Number of the attempt. */
  readonly attempt: number;
  /** Identifies it: see {@linkcode marked}. */
  readonly mark: string;
  /** Whether it has not ended. */
  readonly live: boolean;
  /** What follows for the job. */
  readonly sighting: Sighting;
  /** The record that says so. */
  readonly record: QueueRecord;
}

/** A record of squeue's output, understood once. */
interface QueueRecord {
  readonly text: string;
  /** Number of the last answer that had it. */
  answer: number;
  /** The record behind it in that answer, or in the one before: most often it comes next again. */
  next: QueueRecord | undefined;
  /** What it says of one of Sluice's jobs; `undefined` for somebody else's. */
  line: QueueLine | undefined;
}

/** Sluice's jobs in one answer of squeue's. */
export interface Queue {
  /** How many there are. */
  readonly size: number;
  /** All of them. */
  lines(): Iterable<QueueLine>;
  /**
   * The line of that mark.
   *
   * @param last The one that it had the last time, which is found without a search.
   */
  find(mark: string, last: QueueLine | undefined): QueueLine | undefined;
}

/** The attempt with an id of Slurm's: ids are used again one day, and then are another job's. */
export function marked(attemptId: AttemptId, id: string): string {
  return `${attemptId} ${id}`;
}

function lineOf(record: QueueRecord): QueueLine | undefined {
  const job = parseSqueueRecord(record.text);
  const attemptId = job === undefined ? undefined : parseComment(job.comment);
  if (job === undefined || attemptId === undefined) return undefined;
  return {
    job,
    attemptId,
    ...attemptParts(attemptId),
    mark: marked(attemptId, formatJobId(job.id)),
    live: job.state === undefined || stateMeaning(job.state).kind !== "ended",
    sighting: queuedSighting(job),
    record,
  };
}

/** Text of its own: one that was cut out of a longer text keeps all of that in memory. */
function ownText(text: string): string {
  return ` ${text}`.slice(1);
}

/** Reads the queue over one connection. */
export class QueueReader {
  readonly #host: Pick<Host, "run">;
  /** The records of the last answer by their texts: of most jobs a poll says what the poll before said. */
  readonly #records = new Map<string, QueueRecord>();
  readonly #lines = new Map<string, QueueLine>();
  #first: QueueRecord | undefined;
  #answers = 0;

  /** Works over the given connection, which stays the caller's. */
  constructor(host: Pick<Host, "run">) {
    this.#host = host;
  }

  /**
   * Sluice's jobs in the queue now. What is given is true until the queue is read again, and may be looked
   * at until then only.
   *
   * @throws {SchedulerUnavailableError} squeue failed.
   */
  async read(signal: AbortSignal): Promise<Queue> {
    const answer = ++this.#answers;
    const cut = new SqueueRecords();
    let before: QueueRecord | undefined;
    const { exitCode, stderr } = await this.#host.run(slurmLine(squeueArguments()), {
      signal,
      onStdout: (bytes) => {
        for (const text of cut.push(bytes)) {
          const expected = before === undefined ? this.#first : before.next;
          const record = expected?.text === text ? expected : this.#record(text);
          record.answer = answer;
          if (before === undefined) this.#first = record;
          else before.next = record;
          before = record;
        }
      },
    });
    if (exitCode !== 0) {
      throw new SchedulerUnavailableError("squeue", new TextDecoder().decode(stderr));
    }
    if (before !== undefined) before.next = undefined;
    this.#forgetBefore(answer);
    const lines = this.#lines;
    return {
      size: lines.size,
      lines: () => lines.values(),
      find: (mark, last) =>
        last !== undefined && last.record.answer >= answer ? last : lines.get(mark),
    };
  }

  #record(text: string): QueueRecord {
    const known = this.#records.get(text);
    if (known !== undefined) return known;
    const own = ownText(text);
    const record: QueueRecord = { text: own, answer: 0, next: undefined, line: undefined };
    record.line = lineOf(record);
    this.#records.set(own, record);
    if (record.line !== undefined) this.#lines.set(record.line.mark, record.line);
    return record;
  }

  /** Forgets what the answer does not have any more. */
  #forgetBefore(answer: number): void {
    for (const [text, record] of this.#records) {
      if (record.answer >= answer) continue;
      this.#records.delete(text);
      if (this.#first === record) this.#first = undefined;
      const { line } = record;
      if (line !== undefined && this.#lines.get(line.mark) === line) {
        this.#lines.delete(line.mark);
      }
    }
  }
}
