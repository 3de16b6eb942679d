/**
 * How a session's allocation is held and given up.
 *
 * @module
 */

import { z } from "zod";
import { jobIdSchema } from "./ids.ts";

/** How a session's allocation is held and given up, beside the resources that it asks for. */
export const allocationSchema = z.strictObject({
  maxConcurrent: z.int().min(1).max(10_000).default(64).describe(
    "How many steps run at a time, beside the Ray and Spark clusters that stand for them. Others wait in the session.",
  ),
  idleSeconds: z.number().min(1).max(604_800).optional().describe(
    "Close the session when no step has run or waited for so long. Default: never.",
  ),
  noticeSeconds: z.int().min(1).max(65_535).default(300).describe(
    "How long before the time limit the event `session_expiring` comes. Slurm may be up to a minute early.",
  ),
  onNodeFailure: z.enum(["continue", "end"]).default("continue").describe(
    "Whether the session goes on without a node that has failed, or ends. It always ends with its first node.",
  ),
  owner: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("job"), jobId: jobIdSchema }).describe(
      "The session closes when this job has ended.",
    ),
    z.strictObject({
      kind: z.literal("lease"),
      seconds: z.number().min(5).max(604_800).describe("How long a renewal lasts."),
    }).describe("The session closes unless `sessions.renew` is called in time."),
  ]).optional().describe("With whom the session closes. Default: nobody."),
}).describe("How a session's allocation is held and given up.");

/** See {@linkcode allocationSchema}. */
export type AllocationTerms = z.infer<typeof allocationSchema>;

/** Why a session closes or has closed. */
export const sessionCloseReasonSchema = z.enum([
  "asked",
  "idle",
  "owner",
  "time_limit",
  "node_failure",
  "ended",
]).describe(
  "`asked`: somebody called `sessions.close`. `ended`: its allocation ended in another way, such as by scancel.",
);
/** See {@linkcode sessionCloseReasonSchema}. */
export type SessionCloseReason = z.infer<typeof sessionCloseReasonSchema>;
