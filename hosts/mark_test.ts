import assert from "node:assert/strict";
import fc from "fast-check";
import { Mark } from "./mark.ts";

const ascii = (text: string) => new TextEncoder().encode(text);

/** Looks at every place. */
function found(mark: Uint8Array, bytes: Uint8Array): { index: number; whole: boolean } {
  for (let index = 0; index < bytes.length; index++) {
    const part = bytes.subarray(index, index + mark.length);
    if (part.every((byte, place) => byte === mark[place])) {
      return { index, whole: part.length === mark.length };
    }
  }
  return { index: bytes.length, whole: false };
}

Deno.test("a mark is found where it is, in whole or in its beginning, in bytes much like it", () => {
  const bytes = ascii("\x1eabcab>");
  const mark = new Mark(bytes);
  const pieces = fc.array(
    fc.oneof(
      fc.constantFrom("\x1e", "a", "b", "c", ">", "\x1eab", "abcab>", "\x1eabcab"),
      fc.constant("\x1eabcab>"),
    ),
    { maxLength: 12 },
  );
  fc.assert(fc.property(pieces, (texts) => {
    const within = ascii(texts.join(""));
    assert.deepEqual(mark.find(within), found(bytes, within));
  }));
});

Deno.test("a mark is found at the end of a large buffer, and nowhere in one without it", () => {
  const bytes = ascii("\x1e0123456789abcdef>");
  const mark = new Mark(bytes);
  const large = new Uint8Array(1_000_003).map((_, place) => place % 251);
  assert.deepEqual(mark.find(large), { index: large.length, whole: false });
  large.set(bytes, large.length - bytes.length);
  assert.deepEqual(mark.find(large), { index: large.length - bytes.length, whole: true });
  assert.deepEqual(mark.find(large.subarray(0, -1)), {
    index: large.length - bytes.length,
    whole: false,
  });
});
