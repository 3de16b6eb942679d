/**
 * What Sluice tells of itself.
 *
 * @module
 */

import { z } from "zod";
import type { Journal } from "../store/mod.ts";
import type { ActorView, SystemApi } from "./api.ts";
import { clusterStatus } from "./clusters_api.ts";
import type { ClusterHandles } from "./clusters_api.ts";
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

/** The part of Sluice that tells of itself. */
export function systemApi(
  actors: ActorSystem,
  journal: Journal,
  handles: ClusterHandles,
): SystemApi {
  return {
    async health() {
      const clusters = await Promise.all([...handles.values()].map(async (handle) => ({
        name: handle.name,
        up: (await clusterStatus(handle)).link.status === "up",
      })));
      return { ok: clusters.every(({ up }) => up), journal: true, clusters };
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
      for (const handle of handles.values()) {
        const { poller, submitter, host, liveJobs } = await clusterStatus(handle);
        const { name } = handle;
        figures[`clusters.${name}.liveJobs`] = liveJobs;
        figures[`clusters.${name}.polls`] = poller.polls;
        figures[`clusters.${name}.waitingSubmissions`] = submitter.waiting;
        figures[`clusters.${name}.commandsSent`] = host?.commandsSent ?? 0;
        figures[`clusters.${name}.openChannels`] = host?.openChannels ?? 0;
      }
      return figures;
    },
  };
}
