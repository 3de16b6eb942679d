import assert from "node:assert/strict";
import fc from "fast-check";
import { MOST_MESSAGE_BYTES, nextByte, readMessages, scanFrom } from "./mod.ts";
import type { PlacedMessage } from "./mod.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function said(text: string): string {
  return JSON.stringify({
    __dagster_pipes_version: "0.1",
    method: "log",
    params: { message: text },
  });
}

/** Reads a whole file in pieces of the given sizes, the last of which takes what is left. */
function readAll(file: Uint8Array, sizes: readonly number[] = []): PlacedMessage[] {
  let scan = scanFrom(0);
  const all: PlacedMessage[] = [];
  for (const size of [...sizes, Infinity]) {
    const start = nextByte(scan);
    const piece = file.subarray(start, start + size);
    const { messages, scan: next } = readMessages(scan, piece, start + piece.length >= file.length);
    all.push(...messages);
    scan = next;
  }
  return all;
}

function texts(messages: readonly PlacedMessage[]): string[] {
  return messages.map(({ message }) => message.kind === "log" ? message.text : message.kind);
}

Deno.test("wherever a file is cut into pieces, its messages and their positions are the same", () => {
  const line = fc.oneof(fc.string({ unit: "grapheme" }).map(said), fc.constantFrom("", " ", "{x"));
  fc.assert(
    fc.property(
      fc.array(line),
      fc.constantFrom("", "\n"),
      fc.array(fc.nat(60)),
      (lines, end, sizes) => {
        const file = bytes(lines.join("\n") + end);
        const whole = readAll(file);
        assert.deepEqual(readAll(file, sizes), whole);
        for (const { position, message } of whole) {
          // Read on from any position, only what stands behind it comes.
          const rest = readMessages(scanFrom(position), file.subarray(position), true).messages;
          assert.deepEqual(rest, whole.filter((one) => one.position > position), message.kind);
        }
      },
    ),
  );
});

Deno.test("blank lines say nothing", () => {
  assert.deepEqual(texts(readAll(bytes(`\n${said("a")}\n\n \t\r\n${said("b")}\n\n`))), ["a", "b"]);
});

Deno.test("a line that a kill has torn is told, and harms no other", () => {
  const torn = said("torn").slice(0, 30);
  assert.deepEqual(texts(readAll(bytes(`${said("a")}\n${torn}\n${said("b")}\n`))), [
    "a",
    "unreadable",
    "b",
  ]);
  const { messages, scan } = readMessages(scanFrom(0), bytes(torn), false);
  assert.deepEqual([messages, nextByte(scan)], [[], 30], "it may go on");
  assert.deepEqual(texts(readMessages(scan, new Uint8Array(), true).messages), ["unreadable"]);
});

Deno.test("a message at the end of the file needs no newline", () => {
  assert.deepEqual(texts(readAll(bytes(said("the end")))), ["the end"]);
});

Deno.test("a message may be of 1 MiB; a longer line is told of and never held as a whole", () => {
  const room = MOST_MESSAGE_BYTES - said("").length;
  const longest = said("x".repeat(room));
  assert.deepEqual(texts(readAll(bytes(`${longest}\n`), [1_000, 700_000])), ["x".repeat(room)]);

  let scan = scanFrom(0);
  for (let n = 0; n < 40; n++) {
    const read = readMessages(scan, bytes("y".repeat(100_000)), false);
    assert.deepEqual(read.messages, []);
    scan = read.scan;
    assert.ok(scan.head.length <= MOST_MESSAGE_BYTES);
  }
  const { messages } = readMessages(scan, bytes(`\n${said("after")}\n`), false);
  assert.deepEqual(texts(messages), ["unreadable", "after"]);
  assert.equal(messages[0]?.position, 4_000_001);
});

Deno.test("bytes that are no text are told of", () => {
  const file = new Uint8Array([0xff, 0x00, 0xfe, 10, ...bytes(said("a")), 10]);
  assert.deepEqual(texts(readAll(file)), ["unreadable", "a"]);
});
