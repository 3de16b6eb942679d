/**
 * What a payload has to say while it runs: the messages of Dagster Pipes.
 *
 * @module
 */

import { z } from "zod";
import { jsonObjectSchema, jsonValueSchema } from "./json_value.ts";

const notFinite = z.enum(["NaN", "Infinity", "-Infinity"]);

/** One value of the metadata of an asset or a check, with its type. */
export const metadataValueSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), value: z.string() }),
  z.object({ type: z.literal("url"), value: z.string() }),
  z.object({ type: z.literal("path"), value: z.string() }),
  z.object({ type: z.literal("notebook"), value: z.string().describe("Path of a notebook.") }),
  z.object({ type: z.literal("md"), value: z.string().describe("Text in Markdown.") }),
  z.object({ type: z.literal("json"), value: jsonValueSchema }),
  z.object({
    type: z.literal("int"),
    value: z.union([z.int(), z.string().regex(/^-?\d+$/)]).describe(
      "As text where it is too large for a number.",
    ),
  }),
  z.object({ type: z.literal("float"), value: z.union([z.number(), notFinite]) }),
  z.object({ type: z.literal("bool"), value: z.boolean() }),
  z.object({ type: z.literal("dagster_run"), value: z.string().describe("Id of a run.") }),
  z.object({ type: z.literal("asset"), value: z.string().describe("Key of an asset.") }),
  z.object({ type: z.literal("null"), value: z.null() }),
  z.object({
    type: z.literal("table"),
    value: jsonValueSchema.describe("Its records and schema."),
  }),
  z.object({ type: z.literal("table_schema"), value: jsonValueSchema }),
  z.object({ type: z.literal("table_column_lineage"), value: jsonValueSchema }),
  z.object({
    type: z.literal("timestamp"),
    value: z.number().describe("Seconds since the epoch."),
  }),
]).describe("A value with its type, named as in Dagster Pipes.");
/** See {@linkcode metadataValueSchema}. */
export type MetadataValue = z.infer<typeof metadataValueSchema>;

const metadata = z.record(z.string(), metadataValueSchema);

/** An exception that ended a payload's messages. */
export const messageExceptionSchema = z.object({
  name: z.string().optional().describe("Name of its class."),
  message: z.string(),
  stack: z.array(z.string()),
  get cause() {
    return messageExceptionSchema.optional().describe("The one that it was raised from.");
  },
  get context() {
    return messageExceptionSchema.optional().describe(
      "The one that was being handled when it was raised.",
    );
  },
}).describe("An exception of the payload.");
/** See {@linkcode messageExceptionSchema}. */
export type MessageException = z.infer<typeof messageExceptionSchema>;

/** One message of a payload. */
export const messageSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("opened"), extras: jsonObjectSchema }).describe(
    "The payload begins to send messages.",
  ),
  z.object({ kind: z.literal("closed"), exception: messageExceptionSchema.optional() }).describe(
    "It sends no more, and why, where that was an exception.",
  ),
  z.object({
    kind: z.literal("log"),
    level: z.string().describe("Such as `INFO` or `WARNING`."),
    text: z.string(),
  }).describe("A line of its log."),
  z.object({
    kind: z.literal("materialization"),
    assetKey: z.string(),
    dataVersion: z.string().optional(),
    metadata,
  }).describe("It has made an asset."),
  z.object({
    kind: z.literal("check"),
    assetKey: z.string(),
    name: z.string(),
    passed: z.boolean(),
    severity: z.enum(["WARN", "ERROR"]),
    metadata,
  }).describe("It has checked an asset."),
  z.object({ kind: z.literal("custom"), payload: jsonValueSchema }).describe("Anything else."),
  z.object({
    kind: z.literal("output"),
    stream: z.string().describe("Such as `stdout`."),
    text: z.string(),
    extras: jsonObjectSchema,
  }).describe("What something that the payload has started has written."),
  z.object({
    kind: z.literal("unreadable"),
    text: z.string().describe("The beginning of what stands there."),
    reason: z.string().describe("Why it is no message."),
  }).describe("A line that is no message, or messages that cannot be read."),
]).describe("One message of a payload.");
/** See {@linkcode messageSchema}. */
export type Message = z.infer<typeof messageSchema>;
