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

/** One of Sluice's jobs, or an array task of one, as the queue has it. Equal for as long as it does not change. */
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
}

/** The attempt with an id of Slurm's: ids are used again one day, and then are another job's. */
export function marked(attemptId: AttemptId, id: string): string {
  return `${attemptId} ${id}`;
}

function lineOf(record: string): QueueLine | undefined {
  const job = parseSqueueRecord(record);
  const attemptId = job === undefined ? undefined : parseComment(job.comment);
  if (job === undefined || attemptId === undefined) return undefined;
  return {
    job,
    attemptId,
    ...attemptParts(attemptId),
    mark: marked(attemptId, formatJobId(job.id)),
    live: job.state === undefined || stateMeaning(job.state).kind !== "ended",
    sighting: queuedSighting(job),
  };
}

interface Known {
  readonly line: QueueLine | undefined;
  /** Number of the last answer that had it. */
  answer: number;
}

/** Text of its own: one that was cut out of a longer text keeps all of that in memory. */
function ownText(text: string): string {
  return ` ${text}`.slice(1);
}

/** Reads the queue over one connection. */
export class QueueReader {
  readonly #host: Host;
  /** The records of the last answers: of most jobs a poll says what the poll before said. */
  readonly #known = new Map<string, Known>();
  #answers = 0;

  /** Works over the given connection, which stays the caller's. */
  constructor(host: Host) {
    this.#host = host;
  }

  /**
   * Sluice's jobs in the queue now, by their marks.
   *
   * @throws {SchedulerUnavailableError} squeue failed.
   */
  async read(signal: AbortSignal): Promise<ReadonlyMap<string, QueueLine>> {
    const answer = ++this.#answers;
    const lines = new Map<string, QueueLine>();
    const records = new SqueueRecords();
    const { exitCode, stderr } = await this.#host.run(slurmLine(squeueArguments()), {
      signal,
      onStdout: (bytes) => {
        for (const record of records.push(bytes)) {
          const line = this.#line(record, answer);
          if (line !== undefined) lines.set(line.mark, line);
        }
      },
    });
    if (exitCode !== 0) {
      throw new SchedulerUnavailableError("squeue", new TextDecoder().decode(stderr));
    }
    for (const [record, known] of this.#known) {
      if (known.answer < answer) this.#known.delete(record);
    }
    return lines;
  }

  #line(record: string, answer: number): QueueLine | undefined {
    let known = this.#known.get(record);
    if (known === undefined) {
      const text = ownText(record);
      known = { line: lineOf(text), answer };
      this.#known.set(text, known);
    }
    known.answer = answer;
    return known.line;
  }
}
