/**
 * Collects the facts that follow from one input.
 *
 * @module
 */

import type { JobFact, JobView } from "../../model/mod.ts";
import { foldJob } from "./fold.ts";
import type { Standing } from "./fold.ts";

/** Collects facts, each decided on the job as it is after those before. */
export class Facts {
  /** The facts so far. */
  readonly facts: JobFact[] = [];

  /** Where each task stands in the list of tasks, which never changes. */
  #places: ReadonlyMap<number, number> | undefined;

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
    });
  }

  /** The job is heard of: whatever was unknown of it is known again. */
  heard(): void {
    if (this.view.unknownSince !== undefined) this.add({ type: "known" });
  }

  /** Where the job, or one of its tasks, stands; `undefined` for a task that it does not have. */
  part(task: number | undefined): Standing | undefined {
    if (task === undefined) return this.view;
    this.#places ??= new Map(this.view.tasks?.map((part, place) => [part.task, place]));
    const place = this.#places.get(task);
    return place === undefined ? undefined : this.view.tasks?.[place];
  }
}
