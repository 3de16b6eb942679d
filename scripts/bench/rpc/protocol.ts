import { z } from "zod";

/** What the server says when it listens. */
export const listeningSchema = z.object({
  /** Ours. */
  ours: z.string(),
  /** The bare one. */
  bare: z.string(),
  /** Bearer token of ours. */
  token: z.string(),
  /** A job that it knows. */
  jobId: z.string(),
});

/** What the server can be asked. */
export const serverQuestionSchema = z.discriminatedUnion("do", [
  /** To append an event to the journal. */
  z.object({ do: z.literal("append") }),
  /** To write the bytes of an event to every open stream of the bare server. */
  z.object({ do: z.literal("write"), id: z.int(), bytes: z.string() }),
]);

/** That it was done. */
export const doneSchema = z.object({
  /** Id of the event. */
  id: z.int(),
  /** When it was begun, in ms since the epoch. */
  at: z.number(),
});

/** Who is asked for an event. */
export const subscribersQuestionSchema = z.object({
  /** Whose feed. */
  feed: z.enum(["ours", "bare"]),
  /** The event that every subscriber of the feed is to have. */
  id: z.int(),
});

/** That every subscriber has the event, and every one before it. */
export const arrivedSchema = z.object({
  /** When the last subscriber had it, in ms since the epoch. */
  at: z.number(),
  /** The event as it came. */
  bytes: z.string(),
});
