/**
 * What the history of a session adds to that of the job which holds its allocation. Pure.
 *
 * @module
 */

import { isFinal } from "../../model/mod.ts";
import type {
  AllocationView,
  JobFact,
  JobSummary,
  JobView,
  SessionCloseReason,
} from "../../model/mod.ts";
import type { SessionSighting } from "../../schedulers/mod.ts";
import { explainFinalState } from "../../slurm/mod.ts";
import type { Ended } from "./conclude.ts";
import type { Facts } from "./facts.ts";

/** What a job that holds the nodes of a session can be told of the session. */
export type AllocationInput =
  /** What was seen of the session beside what is seen of the job. */
  | { readonly type: "inspected"; readonly sighting: SessionSighting }
  /** The session is to take no more steps, and to give its nodes back. */
  | { readonly type: "closing"; readonly reason: SessionCloseReason; readonly drain: boolean }
  /** The time limit of the session is near. */
  | { readonly type: "expiring"; readonly expiresAt: number };

/** A fact that only the history of a session has. */
type AllocationFact = Extract<JobFact, {
  type:
    | "node_failed"
    | "node_recovered"
    | "session_expiring"
    | "session_closing"
    | "cluster_up"
    | "cluster_down";
}>;

/** An allocation of which nothing more is told than that it was asked for. */
export function newAllocation(
  { sessionName }: Pick<Extract<JobFact, { type: "accepted" }>, "sessionName"> = {},
): AllocationView {
  return {
    failedNodes: [],
    clusters: [],
    ...(sessionName === undefined ? {} : { name: sessionName }),
  };
}

/** The allocation after one more fact. */
export function foldAllocation(
  view: AllocationView = newAllocation(),
  fact: AllocationFact,
  at: number,
): AllocationView {
  switch (fact.type) {
    case "node_failed": {
      const { node, state } = fact;
      const others = view.failedNodes.filter((one) => one.node !== node);
      return { ...view, failedNodes: [...others, { node, state, since: at }] };
    }
    case "node_recovered":
      return { ...view, failedNodes: view.failedNodes.filter(({ node }) => node !== fact.node) };
    case "session_expiring":
      return { ...view, expiringAt: fact.expiresAt };
    case "session_closing":
      return { ...view, closing: { reason: fact.reason, drain: fact.drain, at } };
    case "cluster_up": {
      const { jobId, framework, address, dashboard } = fact;
      const others = view.clusters.filter((one) => one.jobId !== jobId);
      return { ...view, clusters: [...others, { jobId, framework, address, dashboard }] };
    }
    case "cluster_down":
      return { ...view, clusters: view.clusters.filter(({ jobId }) => jobId !== fact.jobId) };
  }
}

function closing(facts: Facts, reason: SessionCloseReason, drain: boolean): void {
  const before = facts.view.allocation?.closing;
  // That it has ended does not tell why.
  const explained = before?.reason === "ended" && reason === "node_failure";
  // Once it closes, all else that can change is that nobody waits for the steps any more.
  if (before !== undefined && !explained && (drain || !before.drain)) return;
  const known = explained ? reason : before?.reason ?? reason;
  facts.add({ type: "session_closing", reason: known, drain });
}

function inspected(facts: Facts, { nodes, clusters, closed }: SessionSighting): void {
  const { failedNodes = [], clusters: known = [] } = facts.view.allocation ?? {};
  const failed = new Set(failedNodes.map(({ node }) => node));
  for (const { node, state, usable } of nodes) {
    if (usable && failed.has(node)) facts.add({ type: "node_recovered", node });
    if (!usable && !failed.has(node)) facts.add({ type: "node_failed", node, state });
  }
  for (const { jobId, framework, address, dashboard } of clusters) {
    const before = known.find((one) => one.jobId === jobId);
    if (before?.address === address && before.dashboard === dashboard) continue;
    facts.add({ type: "cluster_up", jobId, framework, address, dashboard });
  }
  for (const { jobId } of known) {
    if (!clusters.some((one) => one.jobId === jobId)) facts.add({ type: "cluster_down", jobId });
  }
  // Where the node is lost that starts the steps, there is nothing to wait for.
  if (closed !== undefined) closing(facts, closed, closed !== "node_failure");
}

/** Adds the facts that follow from what a job was told of the session whose nodes it holds. */
export function decideAllocation(facts: Facts, input: AllocationInput): void {
  switch (input.type) {
    case "inspected":
      return inspected(facts, input.sighting);
    case "closing":
      return closing(facts, input.reason, input.drain);
    case "expiring":
      if (facts.view.allocation?.expiringAt === input.expiresAt) return;
      facts.add({ type: "session_expiring", expiresAt: input.expiresAt });
  }
}

/**
 * The end of a job as it is to be told. One that holds a session's nodes, and closes since one of them has failed,
 * ends by a cancellation, or as the loss of its agent looks to Slurm: either way for the node.
 */
export function endOfAllocation({ allocation }: JobSummary, end: Ended): Ended {
  const unclear = end.phase === "cancelled" || end.state === "FAILED";
  if (allocation?.closing?.reason !== "node_failure" || !unclear) return end;
  const state = "NODE_FAIL";
  const reason = explainFinalState(state);
  return { ...end, phase: "failed", state, reason, exitCode: undefined, signal: undefined };
}

/** Whether the job's own history rules the input out: it holds no nodes, or none yet that could be seen. */
export function contradictsAllocation(view: JobView, { type }: AllocationInput): boolean {
  return view.allocation === undefined || (type === "inspected" && view.schedulerId === undefined);
}

/** Whether the job has ended without ever having had a place in the queue, so that nothing runs in its session. */
export function neverHeld({ allocation, phase, schedulerId, attempt }: JobSummary): boolean {
  return allocation !== undefined && isFinal(phase) && schedulerId === undefined && attempt === 1;
}
