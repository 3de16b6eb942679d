/**
 * Sending bytes in counted portions with an end mark, so that the host itself knows a cut from an end.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { HostStream } from "./host.ts";
import type { Progress } from "./progress.ts";

/**
 * Bytes that are collected before they are sent. The first portion is small, so that the host soon has
 * something to do; each is twice as large as the one before, since it costs a `dd` process there.
 */
const FIRST_PORTION_BYTES = 256 * 1024;
const PORTION_BYTES = 4 * 1024 * 1024;
/** Bytes that are handed to the channel at a time. */
const SLICE_BYTES = 256 * 1024;
/** Chunks with fewer bytes are joined with their neighbours. */
const SMALL_BYTES = 32 * 1024;

/**
 * The lines of a shell script that write the portions to the place and, behind the end mark, run `atEnd`;
 * what follows them is reached only where something failed or the line was cut.
 */
export function receivePortions(place: string, atEnd: string): readonly string[] {
  return [
    "while IFS= read -r n; do",
    `  case $n in end) ${atEnd};; esac`,
    // Of a pipe, head(1) reads much less at a time.
    `  dd bs=65536 iflag=fullblock,count_bytes count="$n" status=none ${place} || exit 1`,
    "done",
  ];
}

/**
 * Sends all portions, or stops when the command takes no more, whose exit status then says why.
 *
 * @param progress Told of what was sent. Default: nobody is.
 */
export async function sendPortions(
  stream: HostStream,
  portions: AsyncGenerator<Portion>,
  progress?: Progress,
): Promise<void> {
  const writer = stream.stdin.getWriter();
  const encoder = new TextEncoder();
  const write = (bytes: Uint8Array) => writer.write(bytes).then(() => true, () => false);
  let next = portions.next();
  for (;;) {
    const { done, value } = await next;
    if (done === true) break;
    // The source gives the next portion while this one is sent.
    next = portions.next();
    // Waited for by the next round, which may never come.
    next.catch(() => {});
    if (!await write(encoder.encode(`${value.length}\n`))) return;
    for (const slice of value.slices) {
      if (!await write(slice)) return;
      progress?.add(slice.length);
    }
  }
  await write(encoder.encode("end\n"));
}

/** Bytes whose number is told to the host before they are. */
export interface Portion {
  /** The bytes, in pieces that are handed over one by one. */
  readonly slices: readonly Uint8Array[];
  /** How many they are in all. */
  readonly length: number;
}

/** All bytes as one portion. */
export async function* whole(bytes: Uint8Array): AsyncGenerator<Portion> {
  if (bytes.length > 0) yield { slices: cut(bytes), length: bytes.length };
}

/** Collects portions from a source of chunks of any size. */
export async function* collect(source: ReadableStream<Uint8Array>): AsyncGenerator<Portion> {
  let portion = new Collected();
  let enough = FIRST_PORTION_BYTES;
  for await (const chunk of source) {
    portion.add(chunk);
    if (portion.length < enough) continue;
    yield portion.end();
    portion = new Collected();
    enough = Math.min(2 * enough, PORTION_BYTES);
  }
  if (portion.length > 0) yield portion.end();
}

/** A portion in the making. Small chunks are joined, since each slice costs a packet of its own. */
class Collected implements Portion {
  readonly slices: Uint8Array[] = [];
  length = 0;
  #small: Uint8Array[] = [];
  #smallBytes = 0;

  add(chunk: Uint8Array): void {
    this.length += chunk.length;
    if (chunk.length >= SMALL_BYTES) {
      this.end();
      this.slices.push(...cut(chunk));
      return;
    }
    this.#small.push(chunk);
    this.#smallBytes += chunk.length;
    if (this.#smallBytes >= SLICE_BYTES) this.end();
  }

  end(): this {
    if (this.#small.length > 0) this.slices.push(Buffer.concat(this.#small));
    this.#small = [];
    this.#smallBytes = 0;
    return this;
  }
}

function cut(bytes: Uint8Array): Uint8Array[] {
  const slices: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += SLICE_BYTES) {
    slices.push(bytes.subarray(start, start + SLICE_BYTES));
  }
  return slices;
}
