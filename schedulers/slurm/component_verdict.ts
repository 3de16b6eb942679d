/**
 * What Slurm and a component's own traces say together of one component of a heterogeneous job. Pure.
 *
 * To Slurm all components run until the batch script ends, which waits for the last of them, and then all have
 * ended as it did. Slurm alone ends a component by its time limit or with its node. So the component's own record
 * decides, unless Slurm is why the component ended.
 *
 * @module
 */

import { NO_WORD } from "../../launchers/mod.ts";
import { recorded, shellSignal } from "../endings.ts";
import type { ExitRecord } from "../exit_record.ts";
import type { Sighting } from "../scheduler.ts";
import type { ComponentMarks } from "./component_marks.ts";

const CANCELLED = { code: "Cancelled", text: "The component was cancelled." };

const WITH_LEADER = {
  code: "EndedWithJob",
  text: "It was ended with component 0, in which the batch script of the whole job runs.",
};

const UNTOLD: Sighting = {
  kind: "missing",
  reason: {
    code: "NoRecord",
    text: "The job has ended, and no trace of this component's own tells how it ended.",
  },
};

function cancelled(record: ExitRecord | undefined): Sighting {
  return {
    kind: "ended",
    phase: "cancelled",
    state: "CANCELLED",
    reason: CANCELLED,
    nodes: [],
    ...(record === undefined ? {} : { startedAt: record.startedAt, endedAt: record.endedAt }),
  };
}

/** Whether such an end may be the work of whoever wanted the component ended. */
function isEndOnRequest({ caught, exitCode }: ExitRecord): boolean {
  const signal = shellSignal(exitCode);
  return caught !== undefined || signal === 15 || signal === 9;
}

/**
 * Whether Slurm may be why the component ended: it was woken to be ended, or its script was cut off. One with any
 * other record has come to its end, and does not run again where Slurm puts the job back.
 */
export function mayBeSlurms({ caught }: ExitRecord): boolean {
  return caught === "CONT" || caught === NO_WORD;
}

/** The record's verdict with what Slurm knows beside it. */
function byRecord(record: ExitRecord, slurm: Sighting | undefined): Sighting {
  const own = recorded(record);
  return own.kind === "ended" && (slurm?.kind === "active" || slurm?.kind === "ended")
    ? { ...own, nodes: slurm.nodes }
    : own;
}

/** Whether Slurm's word is about the batch script, and not about a component that it ended itself. */
function isBatchScripts({ state }: Extract<Sighting, { kind: "ended" }>): boolean {
  return state === "COMPLETED" || state === "FAILED";
}

function ofEnded(
  slurm: Extract<Sighting, { kind: "ended" }>,
  { record, begun }: ComponentMarks,
): Sighting {
  if (record !== undefined) {
    if (isBatchScripts(slurm)) return byRecord(record, slurm);
    return record.exitCode === 0 ? slurm : { ...slurm, exitCode: record.exitCode };
  }
  // It succeeds only if all components do, and fails before any has begun.
  if (!isBatchScripts(slurm) || slurm.state === "COMPLETED" || !begun) return slurm;
  return slurm.signal === undefined ? UNTOLD : { ...slurm, reason: WITH_LEADER };
}

/** Whether Slurm ended the run that left the record, and has put the job back since. */
function isOfEarlierRun(record: ExitRecord, slurm: Sighting | undefined): boolean {
  const restarts = slurm?.kind === "active" || slurm?.kind === "waiting" ? slurm.restarts : 0;
  return mayBeSlurms(record) && record.restart < (restarts ?? 0);
}

/** Whether a component has ended for Slurm of which no record has been seen, and one may have been written. */
export function leavesOpen(slurm: Sighting, { record }: ComponentMarks): boolean {
  return slurm.kind === "ended" && record === undefined;
}

/**
 * What the evidence allows to say of a component.
 *
 * @param slurm What Slurm says of it, learnt after the marks were read; `undefined` where Slurm no longer tells.
 * @param otherwise What else is known, for one of which neither tells.
 */
export function componentVerdict(
  slurm: Sighting | undefined,
  marks: ComponentMarks,
  otherwise: () => Sighting,
): Sighting {
  const record = marks.record !== undefined && isOfEarlierRun(marks.record, slurm)
    ? undefined
    : marks.record;
  if (marks.cancelled) {
    if (record === undefined ? marks.never : isEndOnRequest(record)) return cancelled(record);
  }
  if (record !== undefined && !mayBeSlurms(record)) return byRecord(record, slurm);
  if (slurm?.kind === "waiting" || slurm?.kind === "missing") return slurm;
  if (slurm === undefined) return otherwise();
  if (slurm.kind === "ended") return ofEnded(slurm, { ...marks, record });
  // Slurm shows a component that it ends as completing before it signals it: while it shows this one running,
  // somebody else has ended it.
  return record === undefined || slurm.completing === true ? slurm : byRecord(record, slurm);
}
