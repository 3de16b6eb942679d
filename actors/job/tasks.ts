/**
 * The tasks of an array, found and changed one at a time at a cost that their number does not multiply:
 * of thousands each has events of its own.
 *
 * @module
 */

import { isFinal } from "../../model/mod.ts";
import type { JobPhase, JobView, TaskPhases, TaskView } from "../../model/mod.ts";

/** Where the task of a number stands among those in ascending order; -1 where there is none. */
function placeOf(tasks: readonly TaskView[], number: number): number {
  let from = 0;
  let to = tasks.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((tasks[middle]?.task ?? Infinity) < number) from = middle + 1;
    else to = middle;
  }
  return tasks[from]?.task === number ? from : -1;
}

/** The task of an array by its number; `undefined` where the job has none of it. */
export function taskOf({ tasks }: Pick<JobView, "tasks">, number: number): TaskView | undefined {
  return tasks?.[placeOf(tasks, number)];
}

/** How many tasks are in each phase. */
export function countPhases(tasks: readonly TaskView[]): TaskPhases {
  const counted: TaskPhases = {};
  for (const { phase } of tasks) counted[phase] = (counted[phase] ?? 0) + 1;
  return counted;
}

function moved(counted: TaskPhases, from: JobPhase, to: JobPhase): TaskPhases {
  if (from === to) return counted;
  const next: TaskPhases = { ...counted, [to]: (counted[to] ?? 0) + 1 };
  const left = (counted[from] ?? 1) - 1;
  if (left === 0) delete next[from];
  else next[from] = left;
  return next;
}

/**
 * Tasks that only its holder has: where an array has them, the next change is made in place. So many changes
 * in a row copy the tasks once.
 */
export interface TaskDraft {
  /** The tasks; `undefined` before the first change. */
  tasks: TaskView[] | undefined;
}

/** The job with one of its tasks changed; the same job where it does not have the task. */
export function withTask(
  view: JobView,
  number: number,
  change: (task: TaskView) => TaskView,
  draft: TaskDraft,
): JobView {
  const { tasks: shared } = view;
  if (shared === undefined) return view;
  const place = placeOf(shared, number);
  const before = shared[place];
  if (before === undefined) return view;
  const tasks = draft.tasks === shared ? draft.tasks : shared.slice();
  draft.tasks = tasks;
  const after = change(before);
  tasks[place] = after;
  const taskPhases = moved(view.taskPhases ?? countPhases(shared), before.phase, after.phase);
  return { ...view, tasks, taskPhases };
}

/** The job with each of its tasks changed, where it has any. */
export function withTasks(
  view: JobView,
  change: (task: TaskView) => TaskView,
  draft: TaskDraft,
): JobView {
  if (view.tasks === undefined) return view;
  const tasks = view.tasks.map(change);
  draft.tasks = tasks;
  return { ...view, tasks, taskPhases: countPhases(tasks) };
}

/**
 * The nodes of an array once one of its tasks has others.
 *
 * @param view The array after that. @param before The task before.
 */
export function arrayNodes(view: JobView, before: TaskView, after: TaskView): string[] {
  if (before.nodes.some((node) => !after.nodes.includes(node))) {
    return [...new Set(view.tasks?.flatMap(({ nodes }) => nodes))];
  }
  const more = after.nodes.filter((node) => !view.nodes.includes(node));
  return more.length === 0 ? view.nodes : [...view.nodes, ...more];
}

/**
 * The tasks that are not as they were. What has not changed is the same object, so that no task is looked
 * into.
 *
 * @param before The same array at an earlier time; `undefined` where all tasks are new.
 */
export function changedTasks(
  before: JobView | undefined,
  { tasks = [] }: JobView,
): readonly TaskView[] {
  const earlier = before?.tasks ?? [];
  const changed: TaskView[] = [];
  if (earlier === tasks) return changed;
  // A loop of its own: with a function for each of thousands of tasks this is most of what an event costs.
  for (let place = 0; place < tasks.length; place++) {
    const task = tasks[place];
    if (task !== undefined && task !== earlier[place]) changed.push(task);
  }
  return changed;
}

/** How many tasks of an array want something done, so that nobody looks through all of them to find none. */
export interface TaskTally {
  /** Those whose payloads have ended, and on which the scheduler has not given its verdict. */
  readonly exited: number;
  /** Those that somebody wants ended. */
  readonly wished: number;
}

/** Whether its payload has ended, and the scheduler has not given its verdict. */
export function awaitsItsVerdict(
  { phase, exitCode }: Pick<TaskView, "phase" | "exitCode">,
): boolean {
  return phase === "running" && exitCode !== undefined;
}

function isWished({ phase, cancelRequested }: TaskView): boolean {
  return cancelRequested === true && !isFinal(phase);
}

/** The tally of tasks. */
export function tallyOf(tasks: readonly TaskView[] = []): TaskTally {
  return {
    exited: tasks.filter(awaitsItsVerdict).length,
    wished: tasks.filter(isWished).length,
  };
}

/** The tally once some tasks have changed. @param before The array until then. */
export function tallied(
  tally: TaskTally,
  before: JobView,
  changed: readonly TaskView[],
): TaskTally {
  if (changed.length === 0) return tally;
  const left = tallyOf(changed.flatMap(({ task }) => taskOf(before, task) ?? []));
  const come = tallyOf(changed);
  return {
    exited: tally.exited - left.exited + come.exited,
    wished: tally.wished - left.wished + come.wished,
  };
}
