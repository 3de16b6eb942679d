import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeBase64 } from "./base64.ts";
import { logPartBytes, logParts, logPartSchema } from "./log_parts.ts";

Deno.test("bytes of any value and number come back in order, each part resumable behind it", () => {
  fc.assert(fc.property(
    fc.uint8Array({ maxLength: 300 }),
    fc.nat(1_000_000),
    fc.nat(3),
    (seed, offset, copies) => {
      const bytes = new Uint8Array(seed.length + copies * logPartBytes);
      for (let index = 0; index < bytes.length; index++) {
        bytes[index] = seed[index % (seed.length + 1)] ?? 10;
      }
      const back = new Uint8Array(bytes.length);
      let next = offset;
      for (const [id, part] of logParts({ offset, bytes })) {
        assert.equal(logPartSchema.parse(part).offset, next);
        const decoded = decodeBase64(part.base64);
        assert.ok(decoded.length > 0 && decoded.length <= logPartBytes);
        back.set(decoded, next - offset);
        next += decoded.length;
        assert.equal(id, next);
      }
      assert.equal(next, offset + bytes.length);
      assert.deepEqual(back, bytes);
    },
  ));
});

Deno.test("a chunk that is a view into a larger buffer sends its own bytes only", () => {
  const bytes = new Uint8Array([9, 9, 1, 2, 9]).subarray(2, 4);
  const [[, part] = assert.fail("nothing was sent")] = [...logParts({ offset: 5, bytes })];
  assert.deepEqual([...decodeBase64(part.base64)], [1, 2]);
});
