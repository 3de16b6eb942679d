/**
 * Which Ray or Spark cluster that stands in a session a step may take. Pure.
 *
 * @module
 */

import { isDeepStrictEqual } from "node:util";
import type { JobId, JobSpec } from "../../model/mod.ts";
import { capacityOf } from "./capacity.ts";
import type { Capacity } from "./capacity.ts";

/** The framework of a cluster. */
export type Framework = "ray" | "spark";

/** What a step asks of a cluster. */
export interface ClusterNeed {
  readonly framework: Framework;
  /** The environment that both sides of the cluster must have in common. */
  readonly software: JobSpec["software"];
  readonly capacity: Capacity;
  /** By what share the cluster may fall short of the capacity. */
  readonly tolerance: number;
}

/** A cluster that stands in the session, or comes up. */
export interface ClusterOffer {
  /** The job that it is. */
  readonly jobId: JobId;
  readonly framework: Framework;
  readonly software: JobSpec["software"];
  readonly capacity: Capacity;
  /** Whether it has come up. */
  readonly up: boolean;
}

/** What a step asks of a cluster that stands for it; `undefined` where it has none to do with. */
export function clusterNeed(spec: JobSpec): ClusterNeed | undefined {
  const { launcher, payload, software } = spec;
  if (payload.kind === "cluster" || payload.kind === "allocation") return undefined;
  if (launcher.kind !== "ray" && launcher.kind !== "spark") return undefined;
  const elsewhere = launcher.kind === "ray" ? launcher.address : launcher.master;
  if (launcher.reuse === false || elsewhere !== undefined) return undefined;
  return {
    framework: launcher.kind,
    software,
    capacity: capacityOf(spec),
    tolerance: launcher.reuse.tolerance,
  };
}

/** The job that is the cluster which a step asks for. */
export function clusterSpec(spec: JobSpec): JobSpec {
  const { launcher } = spec;
  return {
    ...spec,
    name: `${launcher.kind}-cluster`,
    payload: { kind: "cluster" },
    launcher: launcher.kind === "ray" || launcher.kind === "spark"
      ? { ...launcher, reuse: false }
      : launcher,
    count: undefined,
    resources: { ...spec.resources, array: undefined, time: undefined },
    workingDirectory: undefined,
    idempotencyKey: undefined,
    retry: undefined,
    signalBeforeLimit: undefined,
  };
}

/** By what share what is there falls short of what is asked for. */
function shortfall(has: number, wants: number): number {
  return has >= wants ? 0 : (wants - has) / wants;
}

/** By what share a cluster falls short of a need, where it does most; infinite where it cannot serve it. */
function shortest({ framework, software, capacity: has }: ClusterOffer, need: ClusterNeed): number {
  const { capacity: wants } = need;
  if (framework !== need.framework || !isDeepStrictEqual(software, need.software)) return Infinity;
  if (wants.gpus > 0 && wants.gpuType !== undefined && has.gpuType !== wants.gpuType) {
    return Infinity;
  }
  return Math.max(
    shortfall(has.nodes, wants.nodes),
    shortfall(has.cpus, wants.cpus),
    shortfall(has.gpus, wants.gpus),
    wants.memoryBytes === undefined ? 0 : shortfall(has.memoryBytes ?? 0, wants.memoryBytes),
  );
}

/**
 * The cluster that a step takes: of those that fit within its tolerance the one that falls short least, of
 * several one that has come up, of these the one with the fewest processors.
 *
 * @returns `undefined` where none fits.
 */
export function fittingCluster(
  need: ClusterNeed,
  offers: readonly ClusterOffer[],
): ClusterOffer | undefined {
  return offers
    .map((offer) => ({ offer, short: shortest(offer, need) }))
    .filter(({ short }) => short <= need.tolerance)
    .toSorted((one, other) =>
      one.short - other.short || Number(other.offer.up) - Number(one.offer.up) ||
      one.offer.capacity.cpus - other.offer.capacity.cpus
    )
    .at(0)?.offer;
}
