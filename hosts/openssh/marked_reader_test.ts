import assert from "node:assert/strict";
import { MarkedReader } from "./marked_reader.ts";

const encoder = new TextEncoder();

function readerOf(...chunks: readonly string[]): MarkedReader {
  const source = ReadableStream.from(chunks.map((chunk) => encoder.encode(chunk)));
  return new MarkedReader(source.getReader(), "MARK");
}

async function rest(reader: MarkedReader): Promise<string> {
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += new TextDecoder().decode(value);
  }
}

Deno.test("what follows the mark is read to the byte, however the chunks fall", async () => {
  const whole = "welcome MARK you\nMARK\nMARK\nout\n";
  for (let first = 0; first <= whole.length; first++) {
    for (let second = first; second <= whole.length; second++) {
      const parts = [whole.slice(0, first), whole.slice(first, second), whole.slice(second)];
      const reader = readerOf(...parts.filter((part) => part !== ""));
      assert.equal(await reader.opened(), true);
      assert.equal(await rest(reader), "MARK\nout\n");
    }
  }
});

Deno.test("an output that ends without the mark is told as such and given as it is", async () => {
  const reader = readerOf("This account ", "is not available.\nMARK");
  assert.equal(await reader.opened(), false);
  assert.equal(await rest(reader), "This account is not available.\nMARK");
  const empty = readerOf();
  assert.equal(await empty.opened(), false);
  assert.equal(await rest(empty), "");
});

Deno.test("of an endless output before the mark only the last is kept", async () => {
  const noise = Array.from({ length: 100 }, () => "x".repeat(10_000));
  const reader = readerOf(...noise);
  assert.equal(await reader.opened(), false);
  assert.equal((await rest(reader)).length, 65_536);
  const marked = readerOf(...noise, "MARK\nout");
  assert.equal(await marked.opened(), true);
  assert.equal(await rest(marked), "out");
});
