/**
 * What a job's actor is told.
 *
 * @module
 */

import type { JobView } from "../../model/mod.ts";
import type { RunRecord } from "../../schedulers/mod.ts";
import type { Reply } from "../kernel/mod.ts";
import type { JobInput } from "./job_input.ts";
import type { Errand } from "./job_effects.ts";
import type { MessagePiece } from "./messages.ts";

/** What a job can be told: what {@linkcode decide} takes, and requests that want an answer. */
export type JobMessage =
  | Exclude<JobInput, { type: "cancel" | "pushed" | "messages" | "closing" | "withdrawn" }>
  /** A line that its script wrote to the spool. */
  | { readonly type: "pushed"; readonly record: RunRecord }
  /** What was read of what its payload, or those of its tasks, have to say. */
  | { readonly type: "messages_read"; readonly pieces: readonly MessagePiece[] }
  /** The lines that have come are to be journaled, together. */
  | { readonly type: "hear" }
  /** Those it works with have been started anew: say again what is wanted of them. */
  | { readonly type: "resync" }
  /** The cluster that it runs on has been handed over, or never will be. */
  | { readonly type: "cluster_settled" }
  /** A time has come that it waited for. */
  | { readonly type: "due" }
  /** It has ended, and nothing more comes. */
  | { readonly type: "dismiss" }
  /** It was taken back as it had been handed over that time. */
  | Extract<JobInput, { type: "withdrawn" }> & { readonly errand: Errand }
  | Extract<JobInput, { type: "cancel" }> & { readonly reply: Reply<JobView> }
  /** Its session is to close; whoever wants an answer hears the job as it stands then. */
  | Extract<JobInput, { type: "closing" }> & { readonly reply?: Reply<JobView> };
