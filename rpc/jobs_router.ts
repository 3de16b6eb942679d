/**
 * `jobs.*`: submit, follow, cancel.
 *
 * @module
 */

import { z } from "zod";
import {
  cancelOptionsSchema,
  cancelResultSchema,
  eventFilterSchema,
  functionEndSchema,
  jobEventSchema,
  jobIdSchema,
  jobListRequestSchema,
  jobMetricsSchema,
  jobPageSchema,
  jobPreviewSchema,
  jobResultSchema,
  jobSpecSchema,
  jobViewSchema,
  logRequestSchema,
  outputEntrySchema,
  outputReadSchema,
  outputRequestSchema,
  resultRequestSchema,
} from "../model/mod.ts";
import { feed, feedSchema, lastEventIdSchema, resumePosition } from "./feed.ts";
import { logParts, logPartSchema } from "./log_parts.ts";
import { procedure, router } from "./trpc.ts";
import { untilLeft } from "./until_left.ts";

/** Most jobs that one `submitMany` takes. */
const maxJobsPerCall = 1_000;
/** Longest time that `wait` can be told to wait: a day. */
const maxWaitMs = 24 * 60 * 60 * 1_000;

const idInput = z.strictObject({ id: jobIdSchema }).describe("Which job.");

const cancelInput = z.strictObject({ id: jobIdSchema, ...cancelOptionsSchema.shape }).describe(
  "What to cancel, and how.",
);

const waitInput = z.strictObject({
  id: jobIdSchema,
  timeoutMs: z.int().nonnegative().max(maxWaitMs).optional().describe(
    "Milliseconds after which the job is returned as it stands. Default: until it has ended.",
  ),
}).describe("Which job, and for how long to wait.");

const eventsInput = eventFilterSchema.extend({
  after: z.int().nonnegative().optional().describe(
    "Only events whose id is greater. Default: 0, the whole history.",
  ),
  lastEventId: lastEventIdSchema,
}).prefault({}).describe("Which events, and from where.");

const logsInput = logRequestSchema.extend({ lastEventId: lastEventIdSchema }).describe(
  "What part of a job's output to read.",
);

const outputInput = outputReadSchema.extend({ lastEventId: lastEventIdSchema }).describe(
  "What part of an output to read.",
);

/** Procedures about jobs. */
export const jobsRouter = router({
  submit: procedure.input(jobSpecSchema).output(jobViewSchema).mutation(({ ctx, input }) =>
    ctx.api.jobs.submit(input)
  ),
  submitMany: procedure
    .input(
      z.strictObject({
        jobs: z.array(jobSpecSchema).min(1).max(maxJobsPerCall).describe(
          "The jobs; all are accepted or none is.",
        ),
        defaults: jobSpecSchema.shape.defaults,
      }).describe("Several jobs."),
    )
    .output(z.array(jobViewSchema).describe("The jobs in the order they were given."))
    .mutation(async ({ ctx, input: { jobs, defaults } }) => [
      ...await ctx.api.jobs.submitMany(jobs, defaults === undefined ? {} : { defaults }),
    ]),
  preview: procedure.input(jobSpecSchema).output(jobPreviewSchema).query(({ ctx, input }) =>
    ctx.api.jobs.preview(input)
  ),
  get: procedure.input(idInput)
    .output(
      jobViewSchema.extend({ spec: jobSpecSchema }).describe("The job and what was asked for."),
    )
    .query(({ ctx, input }) => ctx.api.jobs.get(input.id)),
  list: procedure.input(jobListRequestSchema.prefault({})).output(jobPageSchema).query((
    { ctx, input },
  ) => ctx.api.jobs.list(input)),
  cancel: procedure.input(cancelInput).output(cancelResultSchema).mutation(({ ctx, input }) => {
    const { id, ...how } = input;
    return ctx.api.jobs.cancel(id, how);
  }),
  wait: procedure.input(waitInput).output(jobViewSchema).query(async ({ ctx, input, signal }) => {
    const { id, timeoutMs } = input;
    return await untilLeft(
      ctx,
      signal,
      (signal) =>
        ctx.api.jobs.wait(id, { ...(timeoutMs === undefined ? {} : { timeoutMs }), signal }),
    );
  }),
  events: procedure.input(eventsInput).output(feedSchema(jobEventSchema, { sameForAll: true }))
    .subscription(
      ({ ctx, input, signal }) => {
        const { after, lastEventId, ...filter } = input;
        return feed(ctx, signal, {
          open: (signal) =>
            ctx.api.jobs.events(filter, {
              after: resumePosition(after, lastEventId),
              signal,
              keepUp: ctx.reconnects,
            }),
          toWire: (event) => [[event.id, event]],
        });
      },
    ),
  logs: procedure.input(logsInput).output(feedSchema(logPartSchema)).subscription(
    ({ ctx, input, signal }) => {
      const { lastEventId, ...request } = input;
      const offset = resumePosition(request.offset, lastEventId);
      return feed(ctx, signal, {
        open: (signal) => ctx.api.jobs.logs({ ...request, offset }, { signal }),
        toWire: logParts,
      });
    },
  ),
  result: procedure.input(resultRequestSchema).output(jobResultSchema).query(({ ctx, input }) => {
    const { id, ...part } = input;
    return ctx.api.jobs.result(id, part);
  }),
  returned: procedure.input(resultRequestSchema).output(functionEndSchema).query(
    async ({ ctx, input, signal }) => {
      const { id, ...part } = input;
      return await untilLeft(
        ctx,
        signal,
        (signal) => ctx.api.jobs.returned(id, { ...part, signal }),
      );
    },
  ),
  output: procedure.input(outputInput).output(feedSchema(logPartSchema)).subscription(
    ({ ctx, input, signal }) => {
      const { lastEventId, ...request } = input;
      const offset = resumePosition(request.offset, lastEventId);
      return feed(ctx, signal, {
        open: (signal) => ctx.api.jobs.output({ ...request, offset }, { signal }),
        toWire: logParts,
      });
    },
  ),
  outputEntries: procedure.input(outputRequestSchema)
    .output(z.array(outputEntrySchema).describe("What the directory holds."))
    .query(async ({ ctx, input, signal }) => [
      ...await untilLeft(
        ctx,
        signal,
        (signal) => ctx.api.jobs.outputEntries(input, { signal }),
      ),
    ]),
  metrics: procedure.input(idInput).output(jobMetricsSchema).query(({ ctx, input }) =>
    ctx.api.jobs.metrics(input.id)
  ),
});
