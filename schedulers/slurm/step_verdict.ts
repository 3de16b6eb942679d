/**
 * What the traces of a step and the end of its session say together. Pure.
 *
 * @module
 */

import { CANCELLED, GIVEN_UP } from "../../launchers/mod.ts";
import type { FinalPhase, Reason } from "../../model/mod.ts";
import { expandNodeList, refusalOf, stateMeaning, stepEnd } from "../../slurm/mod.ts";
import type { SlurmState } from "../../slurm/mod.ts";
import { reasonOf, recorded, shellSignal } from "../endings.ts";
import type { ExitRecord } from "../exit_record.ts";
import type { Sighting } from "../scheduler.ts";
import type { StepTraces } from "./step_traces.ts";

/** How the job stands that holds the session's allocation. */
export type SessionStanding =
  /** It waits or runs, or is about to. */
  | { readonly kind: "live" }
  /** It has ended. */
  | { readonly kind: "over"; readonly state: string; readonly phase: FinalPhase }
  /** It has left the queue, and nothing tells how it ended. */
  | { readonly kind: "unknown" };

/** Everything that is known of a step at one moment. */
export interface StepEvidence {
  /** What it left; `undefined` where its directory is not there. */
  readonly traces: StepTraces | undefined;
  /** How its session stands. */
  readonly session: SessionStanding;
  /** Why the session takes no more steps; absent while it does. */
  readonly closed: string | undefined;
  /** The clock of the cluster, in milliseconds since the epoch. */
  readonly now: number;
  /** How long ago it was placed, in ms, by this side's clock, where that is known. */
  readonly age: number | undefined;
}

/**
 * What lies in a directory may show on another machine so much later, in ms: what is missing is not believed
 * to be so before.
 */
const SHOWS_LATE_MS = 5_000;

/** The same of an entry that is nowhere: it is not moved so often that a wrong end would be worth it. */
const NOWHERE_MS = 60_000;

/** What `GIVEN_UP` and `CANCELLED` are not: Slurm's id of a step. */
const STEP = /^\d{1,10}\.\d{1,10}$/;

function waiting(code: string, text: string): Sighting {
  return { kind: "waiting", state: "PENDING", reason: { code, text } };
}

function missing(text: string): Sighting {
  return { kind: "missing", reason: { code: "SessionLost", text } };
}

/** An end without a record of the step's own. */
function ended(
  state: SlurmState,
  traces: StepTraces,
  more: { readonly reason?: Reason; readonly exitCode?: number; readonly signal?: number } = {},
): Sighting {
  const { record, end } = traces;
  const meaning = stateMeaning(state);
  const exitCode = record?.exitCode ?? more.exitCode;
  const startedAt = record?.startedAt ?? traces.startedAt;
  const endedAt = record?.endedAt ?? end?.at;
  return {
    kind: "ended",
    phase: meaning.kind === "ended" ? meaning.phase : "failed",
    state,
    reason: more.reason ?? reasonOf(state, undefined, exitCode, more.signal),
    ...(exitCode === undefined || exitCode === 0 ? {} : { exitCode }),
    ...(more.signal === undefined ? {} : { signal: more.signal }),
    nodes: expandNodeList(traces.nodeList ?? ""),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
  };
}

function active(traces: StepTraces, completing: boolean): Sighting {
  const { startedAt } = traces;
  return {
    kind: "active",
    state: completing ? "COMPLETING" : "RUNNING",
    nodes: expandNodeList(traces.nodeList ?? ""),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(completing ? { completing } : {}),
  };
}

/** What the record of a step says that no end by Slurm spoils. */
function ownEnd(record: ExitRecord, traces: StepTraces): Sighting {
  const sighting = recorded(record);
  return sighting.kind === "ended"
    ? { ...sighting, nodes: expandNodeList(traces.nodeList ?? "") }
    : sighting;
}

/** The state that Slurm's words and the marks of a cancellation give an end, if it was not the payload's own. */
function endedBySlurm(traces: StepTraces): SlurmState | undefined {
  const { record, words, cancelled } = traces;
  const reason = stepEnd(words);
  switch (reason) {
    case "time_limit":
      return "TIMEOUT";
    case "preemption":
      return "PREEMPTED";
    case "node_failure":
      return "NODE_FAIL";
    case "requeue":
    case "cancelled":
      // A signal that somebody sends is told in the same words, but comes alone.
      return record === undefined || cancelled || record.caught === "CONT"
        ? "CANCELLED"
        : undefined;
    case "out_of_memory":
      return record?.exitCode === 0 ? undefined : "OUT_OF_MEMORY";
    case undefined:
      return cancelled && record?.caught !== undefined ? "CANCELLED" : undefined;
  }
}

/** The state that the end of its session gives a step that was running then. */
function endedWithSession(state: string): SlurmState {
  switch (state) {
    case "TIMEOUT":
    case "DEADLINE":
      return "TIMEOUT";
    case "NODE_FAIL":
    case "BOOT_FAIL":
      return "NODE_FAIL";
    case "PREEMPTED":
      return "PREEMPTED";
    case "CANCELLED":
      return "CANCELLED";
    default:
      return "FAILED";
  }
}

function sessionEnded(traces: StepTraces, why: string): Sighting {
  return ended("FAILED", traces, {
    reason: { code: "SessionEnded", text: `The session had ended before the step began (${why}).` },
  });
}

/** A step that has begun, and left no record of its end. */
function withoutRecord(traces: StepTraces, { session, now }: StepEvidence): Sighting {
  const { end, words } = traces;
  if (end !== undefined) {
    const bySlurm = endedBySlurm(traces);
    if (bySlurm !== undefined) return ended(bySlurm, traces);
    if (session.kind === "over" && session.phase !== "succeeded") {
      return ended(endedWithSession(session.state), traces);
    }
    if (now - end.at < SHOWS_LATE_MS) return active(traces, true);
    const signal = shellSignal(end.exitCode);
    const told = refusalOf(words);
    return ended("FAILED", traces, {
      exitCode: end.exitCode,
      ...(signal === undefined ? {} : { signal }),
      ...(signal !== undefined || told === undefined
        ? {}
        : { reason: { code: "StepLost", text: `srun said: ${told}` } }),
    });
  }
  switch (session.kind) {
    case "live":
      return active(traces, false);
    case "over": {
      const state = endedBySlurm(traces) ?? endedWithSession(session.state);
      return state === "FAILED"
        ? ended(state, traces, {
          reason: { code: "SessionEnded", text: "The session ended while the step ran." },
        })
        : ended(state, traces);
    }
    case "unknown":
      return missing("Its session has left the queue, and nothing tells how it ended.");
  }
}

/** A step whose script has recorded its end. */
function withRecord(record: ExitRecord, evidence: StepEvidence, traces: StepTraces): Sighting {
  if (record.caught === undefined && !traces.cancelled) return ownEnd(record, traces);
  const bySlurm = endedBySlurm(traces);
  if (bySlurm !== undefined) return ended(bySlurm, traces);
  // Slurm's words go through srun, which ends after the step's script.
  const settled = traces.end !== undefined || evidence.session.kind === "over";
  if (!settled && evidence.session.kind === "live") return active(traces, true);
  if (record.caught === "CONT" && evidence.session.kind === "over") {
    return ended(endedWithSession(evidence.session.state), traces);
  }
  return ownEnd(record, traces);
}

/** A step that has not begun. */
function beforeStart(traces: StepTraces, evidence: StepEvidence): Sighting {
  const { session, closed, now, age } = evidence;
  if (traces.end !== undefined) {
    if (now - traces.end.at < SHOWS_LATE_MS) {
      return waiting("SessionResources", "It is about to start, or was refused.");
    }
    const bySlurm = endedBySlurm(traces);
    if (bySlurm !== undefined) return ended(bySlurm, traces);
    if (session.kind === "over" || closed === "ended") return sessionEnded(traces, "it was ended");
    const told = refusalOf(traces.words);
    return ended("FAILED", traces, {
      reason: {
        code: "StepRefused",
        text: told === undefined
          ? `srun ended with status ${traces.end.exitCode} before the step began.`
          : `The session cannot run the step: ${told}. Ask for less, or open a larger session.`,
      },
    });
  }
  switch (session.kind) {
    case "over":
      return sessionEnded(traces, session.state);
    case "unknown":
      return missing("Its session has left the queue, and nothing tells how it ended.");
    case "live":
      break;
  }
  switch (traces.entry) {
    case "waits":
      return waiting("SessionQueue", "It waits for its turn in the session.");
    case "taken":
      return waiting("SessionResources", "It waits for resources of the session to be free.");
    case "none":
      if (age === undefined || age < NOWHERE_MS) {
        return waiting("SessionQueue", "It waits for its turn in the session.");
      }
      return closed === undefined
        ? missing("The session holds no trace of it.")
        : sessionEnded(traces, closed);
  }
}

/**
 * The one thing that the evidence allows to say of a step.
 *
 * The record of its own script is believed where nothing but the payload can have ended it. Otherwise what
 * srun and slurmstepd said decides, as soon as they have said everything; and after that, of a step that its
 * session took along, how the session ended.
 */
export function stepVerdict(evidence: StepEvidence): Sighting {
  const { traces } = evidence;
  if (traces === undefined) return missing("Its directory is gone.");
  if (traces.record !== undefined) return withRecord(traces.record, evidence, traces);
  if (traces.begun === CANCELLED) return ended("CANCELLED", traces);
  if (traces.begun === GIVEN_UP) return missing("It was given up before it began.");
  return traces.begun !== undefined && STEP.test(traces.begun)
    ? withoutRecord(traces, evidence)
    : beforeStart(traces, evidence);
}
