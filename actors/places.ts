/**
 * Where new jobs run: by themselves, or in which session and on which cluster that stands there.
 *
 * @module
 */

import { allocationJob, isFinal, newJobId, sessionOfAllocation } from "../model/mod.ts";
import type {
  ClusterName,
  JobFact,
  JobSpec,
  JobSummary,
  JobView,
  SessionId,
  SessionName,
} from "../model/mod.ts";
import type { Journal } from "../store/mod.ts";
import { clusterOf } from "./cluster_handles.ts";
import type { ClusterHandles } from "./cluster_handles.ts";
import { UnknownJobError } from "./job/mod.ts";
import {
  capacityOf,
  clusterNeed,
  clusterSpec,
  configuredAllocation,
  fittingCluster,
  isClosing,
  OwnerEndedError,
  placementOf,
  SessionClosingError,
  SessionElsewhereError,
  UnknownSessionError,
} from "./session/mod.ts";
import type { ClusterOffer, Placement } from "./session/mod.ts";

/** Where a job runs. */
export type Place = Pick<
  Extract<JobFact, { type: "accepted" }>,
  "session" | "standing" | "sessionName"
>;

/** What is taken on together, and is not in the journal yet. */
export interface Newcomers {
  /** The sessions of the configuration that are opened, by {@linkcode sessionKey}. */
  readonly opened: Map<string, SessionId>;
  /** The clusters that are to stand, by their sessions. */
  readonly standing: Map<SessionId, ClusterOffer[]>;
  /** Takes one more job on. */
  readonly accept: (spec: JobSpec, place: Place) => JobView;
}

/** Names a session of the configuration among those whose openings are under way. */
function sessionKey(cluster: ClusterName, name: SessionName): string {
  return `session ${cluster} ${name}`;
}

/** Names the clusters that are to stand on a cluster among those that are under way. */
export function standingKey(cluster: ClusterName): string {
  return `standing ${cluster}`;
}

/** Finds places for new jobs, and has taken on what must be there for them. */
export class Places {
  readonly #handles: ClusterHandles;
  readonly #journal: Journal;

  /** Finds them on the given clusters, by what the journal has. */
  constructor(handles: ClusterHandles, journal: Journal) {
    this.#handles = handles;
    this.#journal = journal;
  }

  /** What a job may have in common with others that are on their way into the journal. */
  mayShare(spec: JobSpec): string[] {
    const { cluster } = spec;
    const placement = placementOf(spec, clusterOf(this.#handles, cluster).config);
    return [
      ...placement.kind === "configured" ? [sessionKey(cluster, placement.name)] : [],
      ...placement.kind !== "alone" && clusterNeed(spec) !== undefined
        ? [standingKey(cluster)]
        : [],
    ];
  }

  /** Where a new job is to run. What must be there for it is taken on too. */
  place(spec: JobSpec, newcomers: Newcomers): Place {
    this.#checkOwner(spec);
    const placement = placementOf(spec, clusterOf(this.#handles, spec.cluster).config);
    switch (placement.kind) {
      case "alone":
        return {};
      case "session":
        checkTakesSteps(placement.session, this.#allocation(placement.session), spec.cluster);
        return this.#inSession(placement.session, spec, newcomers);
      case "configured":
        return this.#inSession(
          this.#configured(spec.cluster, placement, newcomers),
          spec,
          newcomers,
        );
    }
  }

  #checkOwner({ payload }: JobSpec): void {
    if (payload.kind !== "allocation" || payload.owner?.kind !== "job") return;
    const owner = this.#journal.summary(payload.owner.jobId);
    if (owner === undefined) throw new UnknownJobError(payload.owner.jobId);
    if (isFinal(owner.phase)) throw new OwnerEndedError(owner.id);
  }

  #allocation(session: SessionId): JobSummary | undefined {
    const job = this.#journal.summary(allocationJob(session));
    return job?.allocation === undefined ? undefined : job;
  }

  /** The session of this name that takes steps. Where there is none, one is opened. */
  #configured(
    cluster: ClusterName,
    { name, terms }: Extract<Placement, { kind: "configured" }>,
    newcomers: Newcomers,
  ): SessionId {
    const key = sessionKey(cluster, name);
    const live = this.#journal.allocations({ cluster, name, live: true })
      .find((job) => !isClosing(job));
    const found = live === undefined ? newcomers.opened.get(key) : sessionOfAllocation(live.id);
    if (found !== undefined) return found;
    const spec = configuredAllocation(cluster, name, terms);
    clusterOf(this.#handles, cluster).planner.preview(newJobId(), spec);
    const opened = newcomers.accept(spec, { sessionName: name });
    const session = sessionOfAllocation(opened.id);
    newcomers.opened.set(key, session);
    return session;
  }

  /** A step of the session, and the cluster that it runs on where it may share one. */
  #inSession(session: SessionId, spec: JobSpec, newcomers: Newcomers): Place {
    const need = clusterNeed(spec);
    if (need === undefined) return { session };
    const fresh = newcomers.standing.get(session) ?? [];
    const fitting = fittingCluster(need, [...this.#standing(session), ...fresh]);
    if (fitting !== undefined) return { session, standing: fitting.jobId };
    const asked = clusterSpec(spec);
    clusterOf(this.#handles, spec.cluster).planner.preview(newJobId(), asked, { session });
    const cluster = newcomers.accept(asked, { session });
    newcomers.standing.set(session, [...fresh, {
      jobId: cluster.id,
      framework: need.framework,
      software: need.software,
      capacity: need.capacity,
      up: false,
    }]);
    return { session, standing: cluster.id };
  }

  /** The clusters that stand in the session or come up. */
  #standing(session: SessionId): ClusterOffer[] {
    const up = this.#allocation(session)?.allocation?.clusters.map(({ jobId }) => jobId) ?? [];
    return this.#journal.standing(session).flatMap(({ id, framework, cancelRequested }) => {
      const spec = this.#journal.job(id)?.spec;
      if (spec === undefined || framework === undefined || cancelRequested) return [];
      const { software } = spec;
      const capacity = capacityOf(spec);
      return [{ jobId: id, framework, software, capacity, up: up.includes(id) }];
    });
  }
}

function checkTakesSteps(
  session: SessionId,
  allocation: JobSummary | undefined,
  cluster: ClusterName,
): void {
  if (allocation === undefined) throw new UnknownSessionError(session);
  if (allocation.cluster !== cluster) {
    throw new SessionElsewhereError(session, allocation.cluster, cluster);
  }
  if (isFinal(allocation.phase) || isClosing(allocation)) throw new SessionClosingError(session);
}
