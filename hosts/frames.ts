/**
 * Cutting the byte stream of a persistent shell into the outputs of its commands.
 *
 * Each request has a random token that its command does not know. The shell writes the mark
 * `RS token < LF` before the command and `RS token > trailer LF` behind it. Bytes between the two are
 * the command's; bytes outside of them (banners, profiles, background processes) are nobody's.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { Mark } from "./mark.ts";

/** A request's secret word, in two halves so that a shell that echoes its input never writes it whole. */
export interface Token {
  /** First half. */
  readonly head: string;
  /** Second half. */
  readonly tail: string;
}

/** A new token of 128 random bits. */
export function newToken(): Token {
  const hex = randomBytes(16).toString("hex");
  return { head: hex.slice(0, 16), tail: hex.slice(16) };
}

/** Told of one framed command as its bytes arrive. */
export interface FrameSink {
  /** Bytes that came before the command began, which are nobody's. */
  before?(bytes: Uint8Array): void;
  /** The command begins. */
  begun(): void;
  /** Output of the command. The bytes stay as they are; they may be a part of a larger buffer. */
  data(bytes: Uint8Array): void;
  /** The command has ended; `trailer` is what the shell wrote behind the mark. */
  ended(trailer: string): void;
}

interface Expected {
  readonly begin: Mark;
  readonly end: Mark;
  readonly sink: FrameSink;
}

type State = "outside" | "inside" | "trailer";

const NEWLINE = 0x0a;
const NOTHING = new Uint8Array(0);

/** Reads frames, in the order they were expected, out of chunks of any size. */
export class FrameReader {
  readonly #expected: Expected[] = [];
  #state: State = "outside";
  /** Bytes that may be the beginning of a mark. */
  #held: Uint8Array = NOTHING;

  /** Adds a frame behind those already expected. */
  expect(token: Token, sink: FrameSink): void {
    const word = `\x1e${token.head}${token.tail}`;
    const encoder = new TextEncoder();
    this.#expected.push({
      begin: new Mark(encoder.encode(`${word}<\n`)),
      end: new Mark(encoder.encode(`${word}>`)),
      sink,
    });
  }

  /** Takes the next bytes of the stream and gives back those behind the last expected frame. */
  push(chunk: Uint8Array): Uint8Array {
    let bytes = chunk;
    if (this.#held.length > 0) {
      bytes = new Uint8Array(this.#held.length + chunk.length);
      bytes.set(this.#held);
      bytes.set(chunk, this.#held.length);
    }
    let position = 0;
    for (;;) {
      const frame = this.#expected[0];
      const rest = bytes.subarray(position);
      if (frame === undefined) {
        this.#held = NOTHING;
        return rest;
      }
      const used = this.#step(frame, rest);
      if (used === undefined) return NOTHING;
      position += used;
    }
  }

  /** Advances over one mark, or holds back what may be the beginning of it and gives `undefined`. */
  #step(frame: Expected, rest: Uint8Array): number | undefined {
    if (this.#state === "trailer") {
      const newline = rest.indexOf(NEWLINE);
      if (newline < 0) {
        this.#held = rest.slice();
        return undefined;
      }
      this.#state = "outside";
      this.#expected.shift();
      frame.sink.ended(new TextDecoder().decode(rest.subarray(0, newline)));
      return newline + 1;
    }
    const inside = this.#state === "inside";
    const mark = inside ? frame.end : frame.begin;
    const found = mark.find(rest);
    if (found.index > 0) {
      const bytes = rest.subarray(0, found.index);
      if (inside) frame.sink.data(bytes);
      else frame.sink.before?.(bytes);
    }
    if (!found.whole) {
      this.#held = rest.slice(found.index);
      return undefined;
    }
    this.#state = inside ? "trailer" : "inside";
    if (!inside) frame.sink.begun();
    return found.index + mark.length;
  }
}

/** Keeps the last of what was written, as text for a message. */
export class Tail {
  #bytes: Uint8Array = NOTHING;

  /** Adds bytes and forgets all but the last 4,096. */
  add(bytes: Uint8Array): void {
    const whole = new Uint8Array(this.#bytes.length + bytes.length);
    whole.set(this.#bytes);
    whole.set(bytes, this.#bytes.length);
    this.#bytes = whole.slice(-4096);
  }

  /** What is kept; bytes that are not UTF-8 become U+FFFD. */
  toString(): string {
    return new TextDecoder().decode(this.#bytes);
  }
}
