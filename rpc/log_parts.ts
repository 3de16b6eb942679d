/**
 * Output of jobs on the wire: bytes as base64 in JSON.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { z } from "zod";
import type { LogChunk } from "../model/mod.ts";

/** Largest number of bytes sent at a time: what a client loses of its progress when the line is cut. */
export const logPartBytes = 64 * 1024;

/** A piece of a job's output as it is sent. */
export const logPartSchema = z.object({
  offset: z.int().nonnegative().describe("Position of the first byte."),
  base64: z.base64().describe("The bytes in base64."),
}).describe("A piece of a job's output.");

/** See {@linkcode logPartSchema}. */
export type LogPart = z.infer<typeof logPartSchema>;

/** A chunk in parts of bounded size, each with the offset behind it, from which a reader resumes. */
export function* logParts(chunk: LogChunk): Generator<readonly [id: number, part: LogPart]> {
  for (let start = 0; start < chunk.bytes.length; start += logPartBytes) {
    const bytes = chunk.bytes.subarray(start, start + logPartBytes);
    const offset = chunk.offset + start;
    const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
    yield [offset + bytes.length, { offset, base64 }];
  }
}
