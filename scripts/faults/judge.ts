/**
 * What became of the jobs, judged by what the cluster saw rather than by what Sluice says. Pure.
 *
 * @module
 */

import type { Ending, Kind } from "./kinds.ts";
import type { SlurmRecord, Start } from "./records.ts";
import { sluiceIdOf } from "./records.ts";

/** What can go wrong with a job or its events. */
export const WRONGS = [
  "lost",
  "duplicated",
  "misjudged",
  "eventsMissed",
  "eventsRepeated",
] as const;

/** See {@linkcode WRONGS}. */
export type Wrong = (typeof WRONGS)[number];

/** One thing that went wrong. */
export interface Finding {
  readonly wrong: Wrong;
  /** What it happened to: a job, an array task, an event. Several findings of one subject count as one. */
  readonly subject: string;
  /** What was seen, in words. */
  readonly text: string;
}

/** A verdict as Sluice gives it of a job or an array task. */
export interface Verdict {
  readonly phase: string;
  readonly exitCode?: number | undefined;
  readonly signal?: number | undefined;
}

/** A job as Sluice shows it. */
export interface ShownJob extends Verdict {
  readonly tasks?: readonly (Verdict & { readonly task: number })[] | undefined;
}

/** A job that was to be submitted, with everything that Sluice says of it. */
export interface JobEvidence {
  readonly token: string;
  readonly kind: Kind;
  /** Every id that a call to submit it was answered with. */
  readonly answered: readonly string[];
  /** Every id under which the history tells that it was accepted. */
  readonly accepted: readonly string[];
  /** How Sluice shows it in the end; `undefined` where Sluice does not know it. */
  readonly shown: ShownJob | undefined;
}

/** Everything that jobs are judged by. */
export interface Evidence {
  readonly jobs: readonly JobEvidence[];
  readonly starts: readonly Start[];
  readonly slurm: readonly SlurmRecord[];
}

const FINAL: ReadonlySet<string> = new Set(["succeeded", "failed", "cancelled", "timed_out"]);

/** The tasks that a job must have, as its starts name them. */
function tasksOf({ tasks }: Kind): string[] {
  return tasks === undefined ? ["-"] : tasks.map((_, task) => String(task));
}

function lost(job: JobEvidence, starts: readonly Start[]): string[] {
  if (job.answered.length === 0) return ["it was never accepted"];
  if (job.shown === undefined) return ["Sluice has forgotten it"];
  const { phase } = job.shown;
  const never = tasksOf(job.kind).filter((task) => !starts.some((start) => start.task === task));
  return [
    ...(FINAL.has(phase) ? [] : [`it is still ${phase}`]),
    ...(job.kind.mustRun && never.length > 0
      ? [`it never ran${job.kind.tasks === undefined ? "" : ` (tasks ${never.join()})`}`]
      : []),
  ];
}

function startedTwice(starts: readonly Start[]): string[] {
  const byTask = Map.groupBy(starts, ({ task }) => task);
  return [...byTask].flatMap(([task, runs]) => {
    const ids = [...new Set(runs.map(({ slurmId }) => slurmId))];
    const counts = runs.map(({ slurmId, restart }) => `${slurmId} restart ${restart}`);
    const twice = counts.filter((count, index) => counts.indexOf(count) !== index);
    const which = task === "-" ? "it" : `task ${task}`;
    return [
      ...(ids.length > 1 ? [`${which} ran as Slurm's ${ids.join(" and ")}`] : []),
      ...twice.map((count) => `${which} started twice as Slurm's ${count}`),
    ];
  });
}

function duplicated(
  job: JobEvidence,
  starts: readonly Start[],
  slurm: readonly SlurmRecord[],
): string[] {
  const ids = new Set([...job.answered, ...job.accepted]);
  const began = new Set(
    slurm.filter(({ comment, ran }) => ran && ids.has(sluiceIdOf(comment) ?? "")).map(({ jobId }) =>
      jobId
    ),
  );
  return [
    ...(ids.size > 1 ? [`Sluice has it ${ids.size} times: ${[...ids].join()}`] : []),
    ...startedTwice(starts),
    ...(began.size > 1 ? [`Slurm ran ${began.size} jobs for it: ${[...began].join()}`] : []),
  ];
}

function differs(what: string, ending: Ending, verdict: Verdict): string[] {
  const wanted = [ending.phase, ending.exitCode, ending.signal];
  const got = [verdict.phase, verdict.exitCode, verdict.signal];
  const same = ending.phase === verdict.phase && ending.signal === verdict.signal &&
    (ending.exitCode === undefined || ending.exitCode === verdict.exitCode);
  const words = (parts: readonly unknown[]) => parts.map((part) => part ?? "-").join("/");
  return same ? [] : [`${what} is called ${words(got)} instead of ${words(wanted)}`];
}

/** What Sluice says of the end, against what that kind of job must come to. */
function misjudged({ kind, shown }: JobEvidence): string[] {
  if (shown === undefined || !FINAL.has(shown.phase)) return [];
  // Of a cancelled job Slurm tells the signal or not, by how far it had come.
  const ending = shown.phase === "cancelled" && kind.ending.phase === "cancelled"
    ? { ...kind.ending, ...(shown.signal === undefined ? {} : { signal: shown.signal }) }
    : kind.ending;
  return [
    ...differs("it", ending, kind.tasks === undefined ? shown : { phase: shown.phase }),
    ...(kind.tasks ?? []).flatMap((ending, task) => {
      const of = shown.tasks?.find((each) => each.task === task);
      return of === undefined ? [`task ${task} is missing`] : differs(`task ${task}`, ending, of);
    }),
  ];
}

/** Everything that is wrong with the jobs. */
export function judgeJobs({ jobs, starts, slurm }: Evidence): Finding[] {
  const byToken = Map.groupBy(starts, ({ token }) => token);
  return jobs.flatMap((job) => {
    const own = byToken.get(job.token) ?? [];
    const found = (wrong: Wrong, texts: readonly string[]) =>
      texts.map((text) => ({ wrong, subject: job.token, text: `${job.kind.name}: ${text}` }));
    return [
      ...found("lost", lost(job, own)),
      ...found("duplicated", duplicated(job, own, slurm)),
      ...found("misjudged", misjudged(job)),
    ];
  });
}

/** How many subjects each wrong befell. */
export type WrongCounts = Readonly<Record<Wrong, number>>;

/** Counts the subjects of each wrong. */
export function countWrongs(findings: readonly Finding[]): WrongCounts {
  const count = (wrong: Wrong) =>
    new Set(findings.filter((each) => each.wrong === wrong).map(({ subject }) => subject)).size;
  return {
    lost: count("lost"),
    duplicated: count("duplicated"),
    misjudged: count("misjudged"),
    eventsMissed: count("eventsMissed"),
    eventsRepeated: count("eventsRepeated"),
  };
}
