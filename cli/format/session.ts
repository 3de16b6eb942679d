/**
 * Sessions for people.
 *
 * @module
 */

import type { SessionView, StandingCluster } from "../../model/mod.ts";
import { fields, table } from "./table.ts";
import { spanText, timeText } from "./time.ts";

/** Where a session stands, and what is known of why: `closed (idle)`. */
function statusText(session: SessionView): string {
  const { status, closeReason, reason, unknownSince } = session;
  if (unknownSince !== undefined && status !== "closed") return `${status}, now unknown`;
  const why = closeReason ?? (status === "opening" ? reason?.code : undefined);
  return why === undefined ? status : `${status} (${why})`;
}

function stepsText({ steps, maxConcurrent }: SessionView): string {
  return `${steps.running}/${maxConcurrent} run, ${steps.waiting} wait`;
}

/** A table of sessions. */
export function sessionTable(
  sessions: readonly SessionView[],
  now: number,
  columns?: number,
): string {
  return table(sessions, [
    { title: "ID", cell: ({ id }) => id },
    { title: "CLUSTER", cell: ({ cluster }) => cluster, shrinks: true },
    { title: "NAME", cell: ({ name, sessionName }) => sessionName ?? name, shrinks: true },
    { title: "STATUS", cell: statusText, shrinks: true },
    { title: "STEPS", cell: stepsText },
    { title: "NODES", cell: ({ nodes }) => String(nodes.length), align: "right" },
    {
      title: "LEFT",
      cell: ({ expiresAt }) => expiresAt === undefined ? "-" : spanText(expiresAt - now),
      align: "right",
    },
  ], columns);
}

function time(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : timeText(ms);
}

function sizeText({ nodes, cpus, gpus }: StandingCluster): string {
  return `${nodes} nodes, ${cpus} CPUs${gpus === 0 ? "" : `, ${gpus} GPUs`}`;
}

function clusterTable(clusters: readonly StandingCluster[], columns: number | undefined): string {
  return table(clusters, [
    { title: "JOB", cell: ({ jobId }) => jobId },
    { title: "FRAMEWORK", cell: ({ framework }) => framework },
    { title: "SIZE", cell: sizeText },
    { title: "ADDRESS", cell: ({ address }) => address ?? "coming up", shrinks: true },
    { title: "DASHBOARD", cell: ({ tunnel, dashboard }) => tunnel ?? dashboard ?? "-" },
  ], columns);
}

/** Everything that is known of a session. */
export function sessionDetails(session: SessionView, columns?: number): string {
  const labels = Object.entries(session.labels).map(([name, value]) => `${name}=${value}`);
  const { error, reason, steps } = session;
  const about = fields([
    ["id", session.id],
    ["name", session.name],
    ["configured as", session.sessionName],
    ["cluster", session.cluster],
    ["scheduler id", session.schedulerId],
    ["status", statusText(session)],
    ["state", session.state],
    ["reason", reason === undefined ? undefined : `${reason.code}: ${reason.text}`],
    ["error", error === undefined ? undefined : `${error.code}: ${error.message}`],
    ["next", error?.next],
    ["nodes", session.nodes.length === 0 ? undefined : session.nodes.join(",")],
    [
      "failed nodes",
      session.failedNodes.length === 0
        ? undefined
        : session.failedNodes.map(({ node, state }) => `${node} (${state})`).join(", "),
    ],
    ["steps", `${steps.running} run, ${steps.waiting} wait, ${steps.ended} have ended`],
    ["at a time", String(session.maxConcurrent)],
    ["labels", labels.length === 0 ? undefined : labels.join(" ")],
    ["opened", time(session.openedAt)],
    ["started", time(session.startedAt)],
    ["ends", time(session.expiresAt)],
    ["closed", time(session.closedAt)],
    ["unknown since", time(session.unknownSince)],
  ]);
  return [
    about,
    ...(session.clusters.length === 0 ? [] : [clusterTable(session.clusters, columns)]),
  ].join("\n");
}
