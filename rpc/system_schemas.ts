/**
 * What `system.*` answers.
 *
 * @module
 */

import { z } from "zod";
import type { ActorView } from "../actors/mod.ts";
import { clusterNameSchema } from "../model/mod.ts";

/** Whether Sluice works. */
export const healthSchema = z.object({
  ok: z.boolean().describe("Everything that must work does."),
  journal: z.boolean().describe("The journal took what was written to it last."),
  setAside: z.object({
    file: z.string().describe("Copy of the log, on the server's machine."),
    keptBytes: z.int().nonnegative().describe("Length of the part that was used."),
    lostBytes: z.int().nonnegative().describe("Length of the part that was not."),
    kind: z.enum(["unfinished", "damaged"]).describe(
      "`unfinished`: the server was killed within a write, of which nobody had been told. `damaged`: events that had been confirmed are lost.",
    ),
  }).optional().describe("The end of the journal that could not be used at the last start."),
  clusters: z.array(z.object({
    name: clusterNameSchema,
    up: z.boolean().describe("Its connection stands."),
  })),
}).describe("Whether Sluice works, cluster by cluster.");

/** Versions. */
export const versionSchema = z.object({
  sluice: z.string().describe("Version of Sluice."),
  deno: z.string().describe("Version of the runtime."),
}).describe("Version of Sluice and of what it runs on.");

/** One actor with those below it. */
export const actorViewSchema: z.ZodType<ActorView, ActorView> = z.lazy(() =>
  z.object({
    name: z.string().describe("Last part of the path."),
    status: z.string().describe("What it does now."),
    mailbox: z.int().nonnegative().describe("Messages that wait."),
    restarts: z.int().nonnegative().describe("How often it was started again."),
    ageMs: z.number().nonnegative().describe("Milliseconds since its first start."),
    children: z.array(actorViewSchema).readonly().describe("The actors that it started."),
  })
).describe("One actor with those below it.");

/** The last letters that no actor took. */
export const deadLettersSchema = z.array(
  z.object({
    path: z.string().describe("Path of the actor it was for."),
    message: z.string().describe("Kind of the message."),
    reason: z.string().describe("Why it was not delivered."),
    at: z.number().describe("When, in milliseconds since the epoch."),
  }),
).describe("The last letters that no actor took, newest last.");

/** Counters and gauges. */
export const metricsSchema = z.record(z.string(), z.number()).describe(
  "Counters and gauges by name.",
);
