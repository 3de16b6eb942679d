import assert from "node:assert/strict";
import fc from "fast-check";
import { fits, fitsList } from "./pattern.ts";

Deno.test("stars and question marks fit as in ssh_config(5)", () => {
  for (
    const [pattern, text, expected] of [
      ["*", "", true],
      ["*", "anything", true],
      ["?", "", false],
      ["?", "a", true],
      ["n?", "n1", true],
      ["n?", "n12", false],
      ["*.example.org", "a.b.example.org", true],
      ["*.example.org", "example.org", false],
      ["a*b*c", "aXbXXbYc", true],
      ["a*b*c", "aXbXXbY", false],
      ["[1]", "1", false],
      ["[1]", "[1]", true],
      ["a.c", "abc", false],
      ["", "", true],
      ["", "a", false],
    ] as const
  ) assert.equal(fits(pattern, text), expected, `${pattern} ${text}`);
});

Deno.test("a pattern agrees with the regular expression that it stands for", () => {
  const word = fc.array(fc.constantFrom("a", "b", "*", "?"), { maxLength: 8 }).map((a) =>
    a.join("")
  );
  const text = fc.array(fc.constantFrom("a", "b"), { maxLength: 10 }).map((a) => a.join(""));
  fc.assert(fc.property(word, text, (pattern, given) => {
    const expression = pattern.replaceAll("*", ".*").replaceAll("?", ".");
    assert.equal(fits(pattern, given), new RegExp(`^${expression}$`).test(given));
  }));
});

Deno.test("a pattern made to be slow is not", () => {
  assert.equal(fits("*a".repeat(200) + "b", "a".repeat(20_000)), false);
});

Deno.test("a negated pattern outweighs every other", () => {
  assert.equal(fitsList(["*", "!b"], "a"), true);
  assert.equal(fitsList(["*", "!b"], "b"), false);
  assert.equal(fitsList(["!b"], "a"), false);
  assert.equal(fitsList([], "a"), false);
});
