/**
 * What a payload is told of the work that it does, so that it can speak of it.
 *
 * @module
 */

import { z } from "zod";
import { textSchema as text } from "./text.ts";

const key = text.min(1).max(4096);

/** What a payload that sends messages is told: the context of Dagster Pipes. */
export const messageTermsSchema = z.strictObject({
  assetKeys: z.array(key).min(1).max(10_000).optional().describe(
    "The assets that the job makes, each as `part/part`. Default: none; messages about assets then name them.",
  ),
  codeVersionByAssetKey: z.record(key, text.nullable()).optional().describe(
    "The version of the code of each asset. Default: null for each of `assetKeys`.",
  ),
  provenanceByAssetKey: z.record(
    key,
    z.strictObject({
      codeVersion: text,
      inputDataVersions: z.record(key, text),
      isUserProvided: z.boolean(),
    }).nullable(),
  ).optional().describe(
    "From what each asset was made the last time. Default: null for each of `assetKeys`.",
  ),
  partitionKey: text.optional().describe("The one partition that the job makes."),
  partitionKeyRange: z.strictObject({ start: text, end: text }).optional().describe(
    "The partitions that it makes, from the first to the last. Default: that of `partitionKey`.",
  ),
  partitionTimeWindow: z.strictObject({ start: text, end: text }).optional().describe(
    "The time that the partitions cover, as ISO 8601 has it.",
  ),
  runId: text.min(1).optional().describe("Default: the job's id."),
  jobName: text.nullable().optional().describe("Default: the job's name."),
  retryNumber: z.int().nonnegative().default(0).describe(
    "The retry number of the first attempt; each later one has one more.",
  ),
  extras: z.record(text, z.json()).default({}).describe("Anything else, by name."),
}).describe(
  "Has the payload send messages, which are events of the job: it finds the parameters of Dagster Pipes in its environment, and SLUICE_MESSAGES names the file that takes a message on each line. What is said here is what the payload is told by Pipes. Default: it sends none.",
);
/** See {@linkcode messageTermsSchema}. */
export type MessageTerms = z.infer<typeof messageTermsSchema>;
