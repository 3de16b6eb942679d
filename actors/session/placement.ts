/**
 * Where a job is to run: by itself, or as a step of which session. Pure.
 *
 * @module
 */

import {
  jobSpecSchema,
  newJobId,
  sessionIdSchema,
  sessionNameSchema,
  sessionOfAllocation,
} from "../../model/mod.ts";
import type {
  ClusterConfig,
  ConfiguredSession,
  JobSpec,
  JobSummary,
  SessionId,
  SessionName,
  SessionSpec,
} from "../../model/mod.ts";
import type { SessionPlace } from "../../schedulers/mod.ts";
import { UnknownSessionError } from "./errors.ts";
import { clusterNeed } from "./standing.ts";

/** Where a job is to run. */
export type Placement =
  /** It is a job of its own. */
  | { readonly kind: "alone" }
  /** It is a step of this session. */
  | { readonly kind: "session"; readonly session: SessionId }
  /** It is a step of the session that the configuration describes under this name. */
  | {
    readonly kind: "configured";
    readonly name: SessionName;
    readonly terms: ConfiguredSession;
  };

const ALONE: Placement = { kind: "alone" };

/**
 * Where a job is to run, by what it asks for and what the configuration of its cluster says.
 *
 * @throws {UnknownSessionError} It names a session that the configuration does not have.
 */
export function placementOf(spec: JobSpec, config: ClusterConfig): Placement {
  // A plain host has refused it before this, or is to ignore it.
  if (config.type === "local") return ALONE;
  if (spec.session === undefined) {
    const fits = spec.payload.kind !== "allocation" && spec.components === undefined;
    return fits && config.runIn !== undefined ? named(config.runIn, config.sessions) : ALONE;
  }
  const id = sessionIdSchema.safeParse(spec.session);
  return id.success
    ? { kind: "session", session: id.data }
    : named(sessionNameSchema.parse(spec.session), config.sessions);
}

function named(
  name: SessionName,
  sessions: Readonly<Record<SessionName, ConfiguredSession>>,
): Placement {
  const terms = Object.hasOwn(sessions, name) ? sessions[name] : undefined;
  if (terms === undefined) throw new UnknownSessionError(name, Object.keys(sessions));
  return { kind: "configured", name, terms };
}

/** The job that holds the nodes of a session. */
export function allocationSpec(
  { cluster, name, resources, options, labels, idempotencyKey, ...terms }: SessionSpec,
): JobSpec {
  return jobSpecSchema.parse({
    cluster,
    name,
    resources,
    options,
    labels,
    ...idempotencyKey === undefined ? {} : { idempotencyKey },
    payload: { kind: "allocation", ...terms },
  });
}

/** The job that holds the nodes of a session of the configuration. */
export function configuredAllocation(
  cluster: JobSpec["cluster"],
  name: SessionName,
  { resources, ...terms }: ConfiguredSession,
): JobSpec {
  return jobSpecSchema.parse({
    cluster,
    name: `sluice-${name}`,
    resources,
    payload: { kind: "allocation", ...terms },
  });
}

/** Whether a session that has not ended takes no more steps. */
export function isClosing({ allocation, cancelRequested }: JobSummary): boolean {
  return cancelRequested || allocation?.closing !== undefined;
}

/**
 * The kind of place in which a job will run, to see whether it can: the ids in it are of nothing yet.
 *
 * @throws See {@linkcode placementOf}.
 */
export function expectedPlace(spec: JobSpec, config: ClusterConfig): SessionPlace {
  const placement = placementOf(spec, config);
  if (placement.kind === "alone") return {};
  const session = placement.kind === "session"
    ? placement.session
    : sessionOfAllocation(newJobId());
  return clusterNeed(spec) === undefined ? { session } : { session, standing: newJobId() };
}
