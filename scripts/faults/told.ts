/**
 * Events and output as feeds told them, made comparable. Pure.
 *
 * @module
 */

import type { JobEvent, LogChunk } from "../../model/mod.ts";
import type { ToldEvent } from "./judge_feed.ts";

/** An event to be compared: two with the same content have the same text, whatever order it came in. */
export function toldEvent(event: JobEvent): ToldEvent {
  const { id, jobId, index } = event;
  const text = JSON.stringify(
    event,
    (_, value: unknown) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1))
        : value,
  );
  return { id, jobId, index, text };
}

/** All bytes that came, in the order in which they came. */
export function wholeOutput(chunks: readonly LogChunk[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let start = 0;
  for (const { bytes } of chunks) {
    whole.set(bytes, start);
    start += bytes.length;
  }
  return whole;
}
