/**
 * What clients see of a session, put together from what is known of its jobs. Pure.
 *
 * @module
 */

import { isFinal, sessionOfAllocation } from "../../model/mod.ts";
import type {
  AllocationTerms,
  ClusterConfig,
  JobId,
  JobPhase,
  JobSpec,
  JobSummary,
  SessionCloseReason,
  SessionView,
  StandingCluster,
} from "../../model/mod.ts";
import type { SessionSighting } from "../../schedulers/mod.ts";
import { capacityOf } from "./capacity.ts";
import { isClosing } from "./placement.ts";
import { tunnelCommand } from "./tunnel.ts";

/** A job that is a Ray or Spark cluster, with what was asked for. */
export interface StandingJob {
  readonly view: JobSummary;
  readonly spec: JobSpec;
}

/** What the view of a session is made of. */
export interface SessionParts {
  /** The job that holds its nodes. */
  readonly view: JobSummary;
  readonly terms: AllocationTerms;
  /** How many steps are in each phase. */
  readonly steps: ReadonlyMap<JobPhase, number>;
  /** Those of them that are clusters and have not ended. */
  readonly standing: readonly StandingJob[];
  /** What was seen of it last, where somebody has looked. */
  readonly sighting: SessionSighting | undefined;
  /** What the configuration says of its cluster. */
  readonly config: ClusterConfig;
}

function statusOf(view: JobSummary): SessionView["status"] {
  if (isFinal(view.phase)) return "closed";
  if (isClosing(view)) return "closing";
  return view.phase === "running" ? "open" : "opening";
}

function closeReason({ phase, state, allocation }: JobSummary): SessionCloseReason | undefined {
  const { closing } = allocation ?? {};
  // Why it was made to end is told by the end alone.
  if (closing !== undefined && closing.reason !== "ended") return closing.reason;
  if (!isFinal(phase)) return closing?.reason;
  if (phase === "timed_out") return "time_limit";
  return state === "NODE_FAIL" ? "node_failure" : "ended";
}

function countSteps(steps: ReadonlyMap<JobPhase, number>): SessionView["steps"] {
  const counted = { waiting: 0, running: 0, ended: 0 };
  for (const [phase, number] of steps) {
    const key = isFinal(phase) ? "ended" : phase === "running" ? "running" : "waiting";
    counted[key] += number;
  }
  return counted;
}

function standingCluster(
  { view, spec }: StandingJob,
  up: ReadonlyMap<JobId, { readonly address: string; readonly dashboard?: string | undefined }>,
  config: ClusterConfig,
): StandingCluster[] {
  const { id: jobId, framework } = view;
  if (framework === undefined) return [];
  const { nodes, cpus, gpus, memoryBytes } = capacityOf(spec);
  const { address, dashboard } = up.get(jobId) ?? {};
  const tunnel = dashboard === undefined ? undefined : tunnelCommand(dashboard, config);
  return [{ jobId, framework, address, nodes, cpus, gpus, memoryBytes, dashboard, tunnel }];
}

/** What clients see of a session. */
export function sessionView(
  { view, terms, steps, standing, sighting, config }: SessionParts,
): SessionView {
  const { allocation } = view;
  const ended = isFinal(view.phase);
  const up = new Map(allocation?.clusters.map((one) => [one.jobId, one]));
  return {
    id: sessionOfAllocation(view.id),
    cluster: view.cluster,
    name: view.name,
    sessionName: allocation?.name,
    status: statusOf(view),
    phase: view.phase,
    state: view.state,
    reason: view.reason,
    schedulerId: view.schedulerId,
    nodes: view.nodes,
    failedNodes: allocation?.failedNodes ?? [],
    steps: countSteps(steps),
    clusters: standing.flatMap((one) => standingCluster(one, up, config)),
    maxConcurrent: terms.maxConcurrent,
    openedAt: view.acceptedAt,
    startedAt: view.startedAt,
    expiresAt: ended ? undefined : sighting?.expiresAt ?? allocation?.expiringAt,
    closedAt: ended ? view.endedAt ?? view.updatedAt : undefined,
    closeReason: closeReason(view),
    unknownSince: view.unknownSince,
    error: view.error,
    labels: view.labels,
  };
}
