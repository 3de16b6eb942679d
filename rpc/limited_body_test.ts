import assert from "node:assert/strict";
import { BodyTooLargeError } from "./errors.ts";
import { limitedBody } from "./limited_body.ts";

const url = "http://127.0.0.1/rpc/jobs.get";

function post(body: BodyInit | null, length?: number): Request {
  const headers = new Headers();
  if (length !== undefined) headers.set("content-length", String(length));
  return new Request(url, { method: "POST", body, headers });
}

Deno.test("a request without a body has none, whatever it says of its length", async () => {
  assert.equal(await limitedBody(new Request(url), 10), null);
  assert.equal(
    await limitedBody(new Request(url, { headers: { "content-length": "0" } }), 10),
    null,
  );
  assert.equal(await limitedBody(post(null), 10), null);
  assert.equal(await limitedBody(post(null, 0), 10), null);
});

Deno.test("a body of the largest size is read whole, whether its length is told or not", async () => {
  const bytes = new TextEncoder().encode("0123456789");
  assert.deepEqual(await limitedBody(post(bytes, 10), 10), bytes);
  const parts = ReadableStream.from([bytes.slice(0, 3), bytes.slice(3)]);
  assert.deepEqual(await limitedBody(post(parts), 10), bytes);
});

Deno.test("a larger body is refused, and not read where its length is told", async () => {
  const told = post("01234567890", 11);
  await assert.rejects(limitedBody(told, 10), BodyTooLargeError);
  assert.equal(told.bodyUsed, false);
  const parts = ReadableStream.from([new Uint8Array(6), new Uint8Array(6)]);
  await assert.rejects(limitedBody(post(parts), 10), BodyTooLargeError);
});
