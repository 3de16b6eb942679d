import assert from "node:assert/strict";
import fc from "fast-check";
import { padded, shorten, visible, width } from "./text.ts";

Deno.test("control characters cannot reach the terminal", () => {
  assert.equal(visible("a\x1b[2Jb\n\u2028"), "a\\x1b[2Jb\\x0a\\x2028");
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assert.doesNotMatch(visible(text), /\p{Cc}/u);
  }));
});

Deno.test("East Asian letters take two columns, combined ones none of their own", () => {
  assert.equal(width("abc"), 3);
  assert.equal(width("日本"), 4);
  assert.equal(width("e\u0301"), 1);
});

Deno.test("text is cut to the columns there are", () => {
  assert.equal(shorten("abcdef", 6), "abcdef");
  assert.equal(shorten("abcdef", 4), "abc…");
  assert.equal(shorten("日本語", 4), "日…");
  assert.equal(shorten("abc", 0), "");
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), fc.nat(20), (text, columns) => {
    assert.ok(width(shorten(text, columns)) <= columns);
  }));
});

Deno.test("text is filled on the side away from where it stands", () => {
  assert.equal(padded("ab", 4), "ab  ");
  assert.equal(padded("ab", 4, "right"), "  ab");
  assert.equal(padded("日", 4), "日  ");
});
