/**
 * How a job or a task of it is ended on request: what was wished, and what follows from it at a given
 * moment. Pure.
 *
 * @module
 */

import { isFinal } from "../../model/mod.ts";
import type { JobPhase, JobView, SignalName } from "../../model/mod.ts";
import type { Cancellation, CancelMeans } from "../../schedulers/mod.ts";

/** How somebody wants a job, or one task of it, ended. */
export interface CancelRequest {
  /** Signal that it gets first. Default: none, and the scheduler ends it in its own way. */
  readonly signal?: SignalName | undefined;
  /** How long it may take to end by the signal, in seconds. Default: {@linkcode GRACE_SECONDS}. */
  readonly graceSeconds?: number | undefined;
}

/** How long a job may take to end by a signal where nobody says, in seconds. */
export const GRACE_SECONDS = 30;

/** What is known of the wish to end a job or a task. */
export type Wish =
  & Pick<JobView, "cancelSignals" | "forceAt">
  & { readonly cancelRequested?: boolean | undefined };

/** Whether the scheduler is to end it in its own way. */
function isForced({ cancelRequested, cancelSignals, forceAt }: Wish, now: number): boolean {
  if (cancelRequested !== true) return false;
  return cancelSignals === undefined || (forceAt !== undefined && forceAt <= now);
}

/** Whether the request asks for something else than what is wished already. */
export function changesWish(wish: Wish, request: CancelRequest, now: number): boolean {
  if (isForced(wish, now)) return false;
  if (request.signal === undefined) return true;
  const current = wish.cancelSignals?.at(-1);
  return current?.signal !== request.signal ||
    current.graceSeconds !== (request.graceSeconds ?? GRACE_SECONDS);
}

/** The wish after a request made at `at`. */
export function wished<Part extends Wish>(part: Part, request: CancelRequest, at: number): Part {
  if (isForced(part, at)) return part;
  const { signal, graceSeconds = GRACE_SECONDS } = request;
  const { cancelSignals } = part;
  if (signal === undefined) {
    return cancelSignals === undefined
      ? { ...part, cancelRequested: true }
      : { ...part, forceAt: at };
  }
  const before = cancelSignals?.find((one) => one.signal === signal);
  const others = cancelSignals?.filter((one) => one.signal !== signal) ?? [];
  return {
    ...part,
    cancelRequested: true,
    cancelSignals: [...others, { signal, graceSeconds, sentAt: before?.sentAt }],
    // A signal is sent once: wished again, only the time that it leaves is another.
    forceAt: before?.sentAt === undefined ? undefined : at + graceSeconds * 1000,
  };
}

/** The wish after the scheduler took a signal at `at`. */
export function signalSent<Part extends Wish>(part: Part, signal: SignalName, at: number): Part {
  const current = part.cancelSignals?.at(-1);
  return {
    ...part,
    cancelSignals: part.cancelSignals?.map((one) =>
      one.signal === signal ? { ...one, sentAt: at } : one
    ),
    forceAt: part.forceAt ??
      (current?.signal === signal ? at + current.graceSeconds * 1000 : undefined),
  };
}

/** Whether somebody asked for this signal, and the scheduler is not known to have taken it. */
export function awaitsSignal(wish: Wish, signal: SignalName): boolean {
  return wish.cancelSignals?.some((one) => one.signal === signal && one.sentAt === undefined) ??
    false;
}

/** Numbers of the signals on Linux, which is what Slurm and shells report. */
const numbers: Readonly<Record<SignalName, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  KILL: 9,
  USR1: 10,
  USR2: 12,
  ALRM: 14,
  TERM: 15,
  CONT: 18,
  XCPU: 24,
};

/**
 * Whether an end by this signal or with this exit status is the work of a signal sent on request. It may
 * have been sent before anybody has heard that it was.
 */
export function endedOnRequest(
  { cancelSignals }: Wish,
  { exitCode, signal }: {
    readonly exitCode?: number | undefined;
    readonly signal?: number | undefined;
  },
): boolean {
  return cancelSignals?.some((one) => {
    const number = numbers[one.signal];
    return signal === number || exitCode === 128 + number;
  }) ?? false;
}

/** By what means a job or task that has not ended is to be ended now. */
function meansOf(
  part: Wish & { readonly phase: JobPhase },
  now: number,
): CancelMeans | undefined {
  if (part.cancelRequested !== true || isFinal(part.phase)) return undefined;
  if (isForced(part, now)) return { kind: "end" };
  if (part.phase !== "running") return { kind: "end_if_waiting" };
  const current = part.cancelSignals?.at(-1);
  return current === undefined || current.sentAt !== undefined
    ? undefined
    : { kind: "signal", signal: current.signal };
}

/** What the scheduler is to do to a job, or to one task of it, so that it ends. */
export type WantedEnd = Pick<Cancellation, "task" | "means">;

/** What the scheduler is to do now to end what is to be ended of a job that it has. */
export function wantedEnds(view: JobView, now: number): readonly WantedEnd[] {
  if (view.tasks === undefined) {
    const means = meansOf(view, now);
    return means === undefined ? [] : [{ means }];
  }
  const open = view.tasks.filter(({ phase }) => !isFinal(phase));
  const wanted = open.flatMap((part): { task: number; means: CancelMeans }[] => {
    const means = meansOf(part, now);
    return means === undefined ? [] : [{ task: part.task, means }];
  });
  // A heterogeneous job all of whose components are to be ended is nothing any more.
  if (!view.cancelRequested && view.components === undefined) return wanted;
  // What all tasks have in common is asked for once, however many they are.
  const together = wanted.filter(({ means }) => means.kind === "end").length === open.length;
  if (together && open.length > 0) {
    return [{ means: { kind: "end" } }];
  }
  if (!view.cancelRequested) return wanted;
  const waiting: WantedEnd[] = wanted.some(({ means }) => means.kind === "end_if_waiting")
    ? [{ means: { kind: "end_if_waiting" } }]
    : [];
  return [...waiting, ...wanted.filter(({ means }) => means.kind !== "end_if_waiting")];
}

/** When the next part of the job is to be ended by force; `undefined` where none is. */
export function nextForceAt(view: JobView, now: number): number | undefined {
  const times = (view.tasks ?? [view]).flatMap(({ phase, forceAt }) =>
    forceAt === undefined || forceAt <= now || isFinal(phase) ? [] : [forceAt]
  );
  return times.length === 0 ? undefined : Math.min(...times);
}
