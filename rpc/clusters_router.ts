/**
 * `clusters.*`: where jobs run.
 *
 * @module
 */

import { z } from "zod";
import {
  clusterEventSchema,
  clusterNameSchema,
  clusterProbeSchema,
  clusterViewSchema,
} from "../model/mod.ts";
import { feed, feedSchema, lastEventIdSchema, resumePosition } from "./feed.ts";
import { procedure, router } from "./trpc.ts";

const nameInput = z.strictObject({ name: clusterNameSchema }).describe("Which cluster.");

const eventsInput = z.strictObject({
  cluster: clusterNameSchema.optional(),
  after: z.int().nonnegative().optional().describe(
    "Only events whose id is greater. Default: 0, the whole history.",
  ),
  lastEventId: lastEventIdSchema,
}).prefault({}).describe("Which events, and from where.");

/** Procedures about clusters. */
export const clustersRouter = router({
  list: procedure.output(z.array(clusterViewSchema).describe("All clusters of the configuration."))
    .query(async ({ ctx }) => [...await ctx.api.clusters.list()]),
  get: procedure.input(nameInput).output(clusterViewSchema).query(({ ctx, input }) =>
    ctx.api.clusters.get(input.name)
  ),
  // A mutation, since it logs in again where a login had been refused.
  probe: procedure.input(nameInput).output(clusterProbeSchema).mutation(({ ctx, input }) =>
    ctx.api.clusters.probe(input.name)
  ),
  resume: procedure.input(nameInput).output(clusterViewSchema).mutation(({ ctx, input }) =>
    ctx.api.clusters.resume(input.name)
  ),
  events: procedure.input(eventsInput).output(feedSchema(clusterEventSchema, { sameForAll: true }))
    .subscription(
      ({ ctx, input, signal }) => {
        const filter = input.cluster === undefined ? {} : { cluster: input.cluster };
        const after = resumePosition(input.after, input.lastEventId);
        return feed(ctx, signal, {
          open: (signal) =>
            ctx.api.clusters.events(filter, { after, signal, keepUp: ctx.reconnects }),
          toWire: (event) => [[event.id, event]],
        });
      },
    ),
});
