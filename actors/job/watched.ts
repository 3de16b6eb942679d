/**
 * What the poller must look for of a job. Pure.
 *
 * @module
 */

import { attemptId, isFinal } from "../../model/mod.ts";
import type { JobSpec, JobView, TaskView } from "../../model/mod.ts";
import type { Watched } from "../../schedulers/mod.ts";
import { taskOf } from "./tasks.ts";

/** The open tasks of an array and their starts, put together when somebody asks: a poll does, an event not. */
class WatchedTasks {
  readonly #view: JobView;
  #open: readonly TaskView[] | undefined;
  #numbers: readonly number[] | undefined;
  #starts: Readonly<Record<number, number>> | undefined;

  constructor(view: JobView) {
    this.#view = view;
  }

  get open(): readonly TaskView[] {
    this.#open ??= this.#view.tasks?.filter(({ phase }) => !isFinal(phase)) ?? [];
    return this.#open;
  }

  get numbers(): readonly number[] {
    this.#numbers ??= this.open.map(({ task }) => task);
    return this.#numbers;
  }

  get starts(): Readonly<Record<number, number>> {
    this.#starts ??= Object.fromEntries(
      this.open.flatMap(({ task, startedAt }) =>
        startedAt === undefined ? [] : [[task, startedAt]]
      ),
    );
    return this.#starts;
  }
}

/** What the poller must look for; `undefined` where the scheduler has nothing of the job. */
export function watched(view: JobView, { options }: Pick<JobSpec, "options">): Watched | undefined {
  const { id, attempt, schedulerId, startedAt, submittedAt } = view;
  const { session, allocation, components } = view;
  if (schedulerId === undefined || isFinal(view.phase)) return undefined;
  const job = {
    attemptId: attemptId(id, attempt),
    schedulerId,
    ...(submittedAt === undefined ? {} : { submittedAt }),
    // Nobody starts a step again by itself, and the nodes of a session are held once.
    ...(options["no-requeue"] === true || session !== undefined || allocation !== undefined
      ? { requeues: false }
      : {}),
    ...(session === undefined ? {} : { session }),
    ...(components === undefined ? {} : { components }),
  };
  if (view.tasks === undefined) return startedAt === undefined ? job : { ...job, startedAt };
  const tasks = new WatchedTasks(view);
  return {
    ...job,
    get tasks() {
      return tasks.numbers;
    },
    get startedAt() {
      return tasks.starts;
    },
  };
}

/** Whether what the poller must look for is another than before. @param changed The tasks that have changed. */
export function isWatchedAnew(
  before: JobView,
  after: JobView,
  changed: readonly TaskView[],
): boolean {
  if (
    before.attempt !== after.attempt || before.schedulerId !== after.schedulerId ||
    before.submittedAt !== after.submittedAt || before.startedAt !== after.startedAt
  ) return true;
  return changed.some((task) => {
    const earlier = taskOf(before, task.task);
    return earlier === undefined || isFinal(earlier.phase) !== isFinal(task.phase) ||
      earlier.startedAt !== task.startedAt;
  });
}
