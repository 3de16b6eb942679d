/**
 * Clusters for people.
 *
 * @module
 */

import { bytesText } from "../../model/mod.ts";
import type { ClusterProbe, ClusterView, LinkView } from "../../model/mod.ts";
import { fields, table } from "./table.ts";
import { spanText, timeText } from "./time.ts";

function linkText(link: LinkView): string {
  switch (link.status) {
    case "connecting":
    case "up":
      return link.status;
    case "lost":
      return `lost (${link.error.code})`;
    case "refused":
      return `refused (${link.error.code})`;
  }
}

/** A table of clusters. */
export function clusterTable(clusters: readonly ClusterView[], columns?: number): string {
  return table(clusters, [
    { title: "NAME", cell: ({ name }) => name },
    { title: "TYPE", cell: ({ type }) => type },
    { title: "HOST", cell: ({ host }) => host, shrinks: true },
    { title: "LINK", cell: ({ link }) => linkText(link), shrinks: true },
    { title: "SUBMISSIONS", cell: ({ submissions }) => submissions.status },
    { title: "LIVE JOBS", cell: ({ liveJobs }) => String(liveJobs), align: "right" },
  ], columns);
}

/** Everything that is known of a cluster. */
export function clusterDetails(cluster: ClusterView, now: number): string {
  const { link, submissions } = cluster;
  const error = link.status === "lost" || link.status === "refused" ? link.error : undefined;
  return fields([
    ["name", cluster.name],
    ["type", cluster.type],
    ["host", cluster.host],
    ["link", `${link.status} for ${spanText(now - link.since)}`],
    ["error", error === undefined ? undefined : `${error.code}: ${error.message}`],
    ["next", error?.next],
    ["next attempt", link.status === "lost" ? timeText(link.retryAt) : undefined],
    ["submissions", `${submissions.status}, ${submissions.waiting} waiting`],
    ...(submissions.status === "paused"
      ? [
        ["paused by", `${submissions.error.code}: ${submissions.error.message}`],
        ["next try", timeText(submissions.retryAt)],
      ] as const
      : []),
    ["live jobs", String(cluster.liveJobs)],
    [
      "isolated jobs",
      cluster.isolatedJobs.length === 0 ? undefined : cluster.isolatedJobs.join(" "),
    ],
    ["last poll", cluster.lastPollAt === undefined ? undefined : timeText(cluster.lastPollAt)],
    [
      "poll interval",
      cluster.pollIntervalMs === undefined ? undefined : spanText(cluster.pollIntervalMs),
    ],
  ]);
}

/** What a cluster told of itself. */
export function probeDetails(probe: ClusterProbe, columns?: number): string {
  const about = fields([
    ["name", probe.name],
    ["scheduler", probe.scheduler],
    ["round trip", `${probe.roundTripMs.toFixed(1)} ms`],
    ["accounting", probe.accounting ? "yes" : "no"],
    [
      "ended jobs stay",
      probe.minJobAgeSeconds === undefined ? undefined : `${probe.minJobAgeSeconds} s`,
    ],
    ["free space", bytesText(probe.freeBytes)],
  ]);
  if (probe.partitions.length === 0) return about;
  return `${about}\n${
    table(probe.partitions, [
      { title: "PARTITION", cell: ({ name, default: isDefault }) => isDefault ? `${name}*` : name },
      { title: "AVAILABLE", cell: ({ available }) => available ? "yes" : "no" },
      { title: "NODES", cell: ({ nodes }) => String(nodes), align: "right" },
      { title: "TIME LIMIT", cell: ({ timeLimit }) => timeLimit ?? "-" },
    ], columns)
  }`;
}
