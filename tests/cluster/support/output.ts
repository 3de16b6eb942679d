/**
 * Outputs that a test can compute, and how they are read back.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { LogChunk } from "../../../model/mod.ts";
import { within } from "./until.ts";

/** The bytes of a text. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** All 256 values of a byte, in order. */
export const everyByte: Uint8Array = Uint8Array.from({ length: 256 }, (_, value) => value);

/** The shell command that prints exactly the given bytes. */
export function printBytes(bytes: Uint8Array): string {
  const octal = Array.from(bytes, (byte) => `\\${byte.toString(8).padStart(3, "0")}`);
  return `printf '${octal.join("")}'`;
}

/** Bytes without a pattern that a shorter or shifted copy of them could match. */
export function noise(length: number): Uint8Array {
  let first = 1;
  let second = 1;
  return Uint8Array.from({ length }, () => {
    first = (first * 75 + 74) % 65537;
    second = (second * 171) % 30269;
    return (first + second) % 256;
  });
}

/** The shell command that prints {@linkcode noise}. */
export function printNoise(length: number): string {
  return `LC_ALL=C awk 'BEGIN {
    x = 1; y = 1
    for (i = 0; i < ${length}; i++) {
      x = (x * 75 + 74) % 65537; y = (y * 171) % 30269
      printf "%c", (x + y) % 256
    }
  }'`;
}

/** Everything that a feed of output brings; fails where a piece does not follow the one before, or none ends it. */
export function readAll(chunks: AsyncIterable<LogChunk>): Promise<Uint8Array> {
  return within("the end of an output", gather(chunks));
}

/** The same of an output that ends when something else does that is waited for. */
export async function gather(chunks: AsyncIterable<LogChunk>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const { offset, bytes } of chunks) {
    assert.equal(offset, length, "a piece of the output is not where it should be");
    pieces.push(bytes);
    length += bytes.length;
  }
  const whole = new Uint8Array(length);
  let start = 0;
  for (const piece of pieces) {
    whole.set(piece, start);
    start += piece.length;
  }
  return whole;
}

/** Fails with the place of the first difference, since a megabyte of difference tells nothing. */
export function assertSameBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  const longest = Math.max(actual.length, expected.length);
  for (let index = 0; index < longest; index++) {
    if (actual[index] === expected[index]) continue;
    const near = (bytes: Uint8Array) =>
      JSON.stringify(new TextDecoder().decode(bytes.subarray(Math.max(0, index - 20), index + 80)));
    assert.fail(
      `${what}: byte ${index} of ${expected.length} (${actual.length} came): ` +
        `${near(actual)} instead of ${near(expected)}`,
    );
  }
}
