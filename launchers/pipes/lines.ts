/**
 * From pieces of a file to the messages in it, each with the position in the file behind it. Pure.
 *
 * @module
 */

import type { Message } from "../../model/mod.ts";
import { parseMessage, unreadable } from "./message.ts";

/** Longest line that is read as a message, in bytes. */
export const MOST_MESSAGE_BYTES = 1024 * 1024;

/** How much of a longer one is kept meanwhile. */
const HEAD_BYTES = 4096;

const NEWLINE = 10;

/** A message with its place. */
export interface PlacedMessage {
  /** How many bytes the file has up to the end of its line. */
  readonly position: number;
  /** The message. */
  readonly message: Message;
}

/** How far a file has been looked through. */
export interface LineScan {
  /** Where the line begins that has not come to its end. */
  readonly position: number;
  /** How many bytes of that line have been seen. */
  readonly length: number;
  /** These bytes; only the first of them where they are too many for a message. */
  readonly head: Uint8Array;
}

/** The file from the position on, of which nothing has been seen. */
export function scanFrom(position: number): LineScan {
  return { position, length: 0, head: new Uint8Array() };
}

/** The first byte that has not been seen. */
export function nextByte({ position, length }: LineScan): number {
  return position + length;
}

function joined(head: Uint8Array, more: Uint8Array): Uint8Array {
  if (head.length === 0) return more;
  const both = new Uint8Array(head.length + more.length);
  both.set(head);
  both.set(more, head.length);
  return both;
}

function longer({ position, length, head }: LineScan, more: Uint8Array): LineScan {
  const total = length + more.length;
  if (total <= MOST_MESSAGE_BYTES) {
    // A copy, since a view keeps the whole piece in memory.
    return { position, length: total, head: joined(head, more.slice()) };
  }
  const kept = head.length >= HEAD_BYTES ? head : joined(head, more.subarray(0, HEAD_BYTES));
  return { position, length: total, head: kept.slice(0, HEAD_BYTES) };
}

/** What stands on a whole line; `undefined` for one that is blank. */
function read({ length, head }: LineScan): Message | undefined {
  const text = new TextDecoder().decode(head);
  if (length > head.length) {
    return unreadable(text, `It is longer than ${MOST_MESSAGE_BYTES} bytes.`);
  }
  return text.trim() === "" ? undefined : parseMessage(text);
}

/**
 * The messages that end within the next bytes of the file, and how far it has been looked through then.
 *
 * @param over Whether nothing follows these bytes: what stands behind the last newline is a line too.
 */
export function readMessages(
  scan: LineScan,
  bytes: Uint8Array,
  over: boolean,
): { readonly messages: readonly PlacedMessage[]; readonly scan: LineScan } {
  const messages: PlacedMessage[] = [];
  let line = scan;
  let start = 0;
  const end = (position: number): void => {
    const message = read(line);
    if (message !== undefined) messages.push({ position, message });
    line = scanFrom(position);
  };
  for (;;) {
    const newline = bytes.indexOf(NEWLINE, start);
    if (newline === -1) break;
    line = longer(line, bytes.subarray(start, newline));
    end(nextByte(line) + 1);
    start = newline + 1;
  }
  if (start < bytes.length) line = longer(line, bytes.subarray(start));
  if (over && line.length > 0) end(nextByte(line));
  return { messages, scan: line };
}
