/**
 * What the history of a session adds to that of the job which holds its allocation. Pure.
 *
 * @module
 */

import type { AllocationView, JobFact } from "../../model/mod.ts";

/** A fact that only the history of a session has. */
export type AllocationFact = Extract<JobFact, {
  type:
    | "node_failed"
    | "node_recovered"
    | "session_expiring"
    | "session_closing"
    | "cluster_up"
    | "cluster_down";
}>;

/** An allocation of which nothing more is told than that it was asked for. */
export const NEW_ALLOCATION: AllocationView = { failedNodes: [], clusters: [] };

/** The allocation after one more fact. */
export function foldAllocation(
  view: AllocationView = NEW_ALLOCATION,
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
