/**
 * Collects the facts that follow from one input.
 *
 * @module
 */

import type { JobFact, JobView } from "../../model/mod.ts";
import { foldJob } from "./fold.ts";
import type { Standing } from "./fold.ts";
import { taskOf } from "./tasks.ts";
import type { TaskDraft } from "./tasks.ts";

/**
 * Collects facts, each decided on the job as it is after those before. The tasks of a view that was read
 * before a fact was added may have moved on with it.
 */
export class Facts {
  /** The facts so far. */
  readonly facts: JobFact[] = [];
  // So that thousands of tasks that one input tells of are copied once.
  readonly #draft: TaskDraft = { tasks: undefined };

  /** @param view The job before the first of them. @param at When they are decided. */
  constructor(public view: JobView, private readonly at: number) {}

  /** Adds a fact. */
  add(fact: JobFact): void {
    this.facts.push(fact);
    this.view = foldJob(this.view, {
      jobId: this.view.id,
      cluster: this.view.cluster,
      at: this.at,
      fact,
    }, this.#draft);
  }

  /** The job is heard of: whatever was unknown of it is known again. */
  heard(): void {
    if (this.view.unknownSince !== undefined) this.add({ type: "known" });
  }

  /** Where the job, or one of its tasks, stands; `undefined` for a task that it does not have. */
  part(task: number | undefined): Standing | undefined {
    return task === undefined ? this.view : taskOf(this.view, task);
  }
}
