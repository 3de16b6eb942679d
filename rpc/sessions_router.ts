/**
 * `sessions.*`: hold nodes, and run jobs as steps in them.
 *
 * @module
 */

import { z } from "zod";
import {
  jobEventSchema,
  sessionCloseOptionsSchema,
  sessionFilterSchema,
  sessionIdSchema,
  sessionSpecSchema,
  sessionViewSchema,
} from "../model/mod.ts";
import { feed, feedSchema, lastEventIdSchema, resumePosition } from "./feed.ts";
import { procedure, router } from "./trpc.ts";

const idInput = z.strictObject({ id: sessionIdSchema }).describe("Which session.");

const closeInput = z.strictObject({ id: sessionIdSchema, ...sessionCloseOptionsSchema.shape })
  .describe("What to close, and how.");

const eventsInput = z.strictObject({
  id: sessionIdSchema,
  after: z.int().nonnegative().optional().describe(
    "Only events whose id is greater. Default: 0, the whole history.",
  ),
  lastEventId: lastEventIdSchema,
}).describe("Which session, and from where.");

/** Procedures about sessions. */
export const sessionsRouter = router({
  open: procedure.input(sessionSpecSchema).output(sessionViewSchema).mutation(({ ctx, input }) =>
    ctx.api.sessions.open(input)
  ),
  get: procedure.input(idInput).output(sessionViewSchema).query(({ ctx, input }) =>
    ctx.api.sessions.get(input.id)
  ),
  list: procedure.input(sessionFilterSchema.prefault({}))
    .output(z.array(sessionViewSchema).describe("Sessions, newest first."))
    .query(async ({ ctx, input }) => [...await ctx.api.sessions.list(input)]),
  close: procedure.input(closeInput).output(sessionViewSchema).mutation(({ ctx, input }) => {
    const { id, ...how } = input;
    return ctx.api.sessions.close(id, how);
  }),
  renew: procedure.input(idInput).output(sessionViewSchema).mutation(({ ctx, input }) =>
    ctx.api.sessions.renew(input.id)
  ),
  events: procedure.input(eventsInput).output(feedSchema(jobEventSchema, { sameForAll: true }))
    .subscription(
      ({ ctx, input, signal }) => {
        const after = resumePosition(input.after, input.lastEventId);
        return feed(ctx, signal, {
          open: (signal) =>
            ctx.api.sessions.events(input.id, { after, signal, keepUp: ctx.reconnects }),
          toWire: (event) => [[event.id, event]],
        });
      },
    ),
});
