/**
 * What is to be looked for of watched attempts: jobs, and the tasks of arrays.
 *
 * @module
 */

import type { AttemptId, SchedulerId } from "../../model/mod.ts";
import type { Observation, Sighting, Watched } from "../scheduler.ts";
import { taskId } from "./cancel_lines.ts";
import type { Run } from "./present_run.ts";
import { marked } from "./queue.ts";
import type { QueueLine } from "./queue.ts";

/** A job or an array task that is watched. */
export class Part implements Run {
  readonly attemptId: AttemptId;
  readonly schedulerId: SchedulerId;
  readonly task: number | undefined;
  readonly startedAt: number | undefined;
  /** Whether Slurm may put it back by itself; absent where that is not known. */
  readonly requeues: boolean | undefined;
  /** When Slurm had taken it, by this side's clock, in milliseconds since the epoch. */
  readonly submittedAt: number | undefined;
  /** The mark of its line in the queue. */
  readonly mark: string;
  #line: QueueLine | undefined;
  #observation: Observation | undefined;

  /** @param task Number of the array task; `undefined` for a job that is no array. */
  constructor(watched: Watched, task: number | undefined) {
    const { startedAt } = watched;
    const starts = typeof startedAt === "object" ? startedAt : {};
    const ownStart = typeof startedAt === "number" ? startedAt : undefined;
    const id = task === undefined ? watched.schedulerId : taskId(watched.schedulerId, task);
    this.attemptId = watched.attemptId;
    this.schedulerId = watched.schedulerId;
    this.task = task;
    this.startedAt = task === undefined ? ownStart : starts[task];
    this.requeues = watched.requeues;
    this.submittedAt = watched.submittedAt;
    this.mark = marked(watched.attemptId, id);
  }

  /** The observation of it. */
  observed(sighting: Sighting): Observation {
    const { attemptId, task } = this;
    return task === undefined ? { attemptId, sighting } : { attemptId, task, sighting };
  }

  /** The observation of it in the queue: the same as before where the line is. */
  as(line: QueueLine): Observation {
    if (this.#line !== line || this.#observation === undefined) {
      this.#line = line;
      this.#observation = this.observed(line.sighting);
    }
    return this.#observation;
  }
}

/** The parts of watched attempts, made once for each. */
export class Parts {
  readonly #parts = new WeakMap<Watched, readonly Part[]>();

  /** The job, or the tasks of the array. */
  of(watched: Watched): readonly Part[] {
    let parts = this.#parts.get(watched);
    if (parts === undefined) {
      parts = (watched.tasks ?? [undefined]).map((task) => new Part(watched, task));
      this.#parts.set(watched, parts);
    }
    return parts;
  }
}
