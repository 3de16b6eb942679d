/**
 * What is to be looked for of watched attempts: jobs, and the tasks of arrays.
 *
 * @module
 */

import type { AttemptId, SchedulerId } from "../../model/mod.ts";
import type { Observation, Sighting, Watched } from "../scheduler.ts";
import { partId } from "./cancel_lines.ts";
import type { Run } from "./present_run.ts";
import { marked } from "./queue.ts";
import type { Queue, QueueLine } from "./queue.ts";

/** A job, an array task or a component that is watched. */
export class Part implements Run {
  /** Slurm's id of it. */
  readonly id: SchedulerId;
  /** Whether it is a component of a heterogeneous job. */
  readonly component: boolean;
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
    this.component = watched.components === true;
    this.id = task === undefined
      ? watched.schedulerId
      : partId(watched.schedulerId, task, this.component ? "component" : "task");
    this.attemptId = watched.attemptId;
    this.schedulerId = watched.schedulerId;
    this.task = task;
    this.startedAt = task === undefined ? ownStart : starts[task];
    this.requeues = watched.requeues;
    this.submittedAt = watched.submittedAt;
    this.mark = marked(watched.attemptId, this.id);
  }

  /** The observation of it. */
  observed(sighting: Sighting): Observation {
    const { attemptId, task } = this;
    return task === undefined ? { attemptId, sighting } : { attemptId, task, sighting };
  }

  /** The observation of it in the queue, the same as before where its line is; `undefined` without one. */
  lookIn(queue: Queue): Observation | undefined {
    const line = queue.find(this.mark, this.#line);
    if (line !== this.#line) {
      this.#line = line;
      this.#observation = line === undefined ? undefined : this.observed(line.sighting);
    }
    return this.#observation;
  }
}

/** The parts of watched attempts, made once for each. */
export class Parts {
  readonly #each = new WeakMap<Watched, readonly Part[]>();
  readonly #together = new WeakMap<readonly Watched[], readonly Part[]>();

  /** The jobs, and the tasks of the arrays. */
  of(watched: readonly Watched[]): readonly Part[] {
    let parts = this.#together.get(watched);
    if (parts === undefined) {
      parts = watched.flatMap((one) => this.#of(one));
      this.#together.set(watched, parts);
    }
    return parts;
  }

  #of(watched: Watched): readonly Part[] {
    let parts = this.#each.get(watched);
    if (parts === undefined) {
      parts = (watched.tasks ?? [undefined]).map((task) => new Part(watched, task));
      this.#each.set(watched, parts);
    }
    return parts;
  }
}
