import assert from "node:assert/strict";
import { bytesText } from "./bytes_text.ts";

Deno.test("an amount of bytes is told in the largest unit of which it holds a whole one, with three digits", () => {
  const cases: readonly (readonly [bytes: number, text: string])[] = [
    [0, "0 B"],
    [1, "1 B"],
    [1000, "1000 B"],
    [1024, "1 KB"],
    [1024 ** 2 - 1, "1 MB"],
    [500 * 2 ** 20, "500 MB"],
    [1000 * 2 ** 20, "1000 MB"],
    [1.5 * 2 ** 30, "1.5 GB"],
    [15.84 * 2 ** 30, "15.8 GB"],
    [2 ** 50, "1 PB"],
    [2000 * 2 ** 50, "2000 PB"],
  ];
  for (const [bytes, text] of cases) assert.equal(bytesText(bytes), text);
});
