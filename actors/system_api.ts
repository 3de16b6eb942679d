/**
 * What Sluice tells of itself.
 *
 * @module
 */

import { z } from "zod";
import type { Journal } from "../store/mod.ts";
import type { ActorView, SystemApi } from "./api.ts";
import { ClusterRestartingError } from "./cluster/mod.ts";
import type { ClusterStatus } from "./cluster/mod.ts";
import { clusterStatus } from "./cluster_handles.ts";
import type { ClusterHandle, ClusterHandles } from "./cluster_handles.ts";
import type { ActorSystem, TreeNode } from "./kernel/mod.ts";
import { VERSION } from "./version.ts";

const messageSchema = z.object({ type: z.string() });

function actorView(node: TreeNode): ActorView {
  const { name, state, mailbox, restarts, ageMs, children } = node;
  return { name, status: state, mailbox, restarts, ageMs, children: children.map(actorView) };
}

/** What kind of message it is; its content may be large or secret and is not shown. */
function kindOf(message: unknown): string {
  return messageSchema.safeParse(message).data?.type ?? typeof message;
}

/** How a cluster stands; `undefined` for one whose actor has failed and is not back yet. */
async function statusOf(handle: ClusterHandle): Promise<ClusterStatus | undefined> {
  try {
    return await clusterStatus(handle);
  } catch (error) {
    if (error instanceof ClusterRestartingError) return undefined;
    throw error;
  }
}

/** The part of Sluice that tells of itself. */
export function systemApi(
  actors: ActorSystem,
  journal: Journal,
  handles: ClusterHandles,
): SystemApi {
  return {
    async health() {
      const clusters = await Promise.all(
        [...handles.values()].map(async (handle) => ({
          name: handle.name,
          up: (await statusOf(handle))?.link.status === "up",
        })),
      );
      const works = journal.trouble === undefined;
      const { setAside } = journal;
      return {
        ok: works && clusters.every(({ up }) => up),
        journal: works,
        ...(setAside === undefined ? {} : { setAside }),
        clusters,
      };
    },
    version: () => ({ sluice: VERSION, deno: Deno.version.deno }),
    tree: () => actorView(actors.tree()),
    deadLetters: () =>
      actors.deadLetters().map(({ path, message, reason, at }) => ({
        path,
        message: kindOf(message),
        reason,
        at,
      })),
    async metrics() {
      const figures: Record<string, number> = { "journal.events": journal.lastEventId() };
      for (const [cluster, phases] of journal.counts()) {
        for (const [phase, count] of phases) figures[`jobs.${cluster}.${phase}`] = count;
      }
      const statuses = await Promise.all(
        [...handles.values()].map(async (handle) => [handle.name, await statusOf(handle)] as const),
      );
      for (const [name, status] of statuses) {
        if (status === undefined) continue;
        const { poller, submissions, host, jobs } = status;
        figures[`clusters.${name}.liveJobs`] = jobs.live;
        figures[`clusters.${name}.isolatedJobs`] = jobs.isolated.length;
        figures[`clusters.${name}.polls`] = poller.polls;
        figures[`clusters.${name}.waitingSubmissions`] = submissions.waiting;
        figures[`clusters.${name}.submissionsPaused`] = submissions.status === "paused" ? 1 : 0;
        figures[`clusters.${name}.commandsSent`] = host?.commandsSent ?? 0;
        figures[`clusters.${name}.openChannels`] = host?.openChannels ?? 0;
      }
      return figures;
    },
  };
}
