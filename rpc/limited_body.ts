/**
 * Bodies of bounded size.
 *
 * @module
 */

import { BodyTooLargeError } from "./errors.ts";

/**
 * The body of a request, or `null` where it has none.
 *
 * @param limit Largest body in bytes.
 * @throws {BodyTooLargeError} Where the body is larger, whether or not it says so in its header.
 */
export async function limitedBody(
  request: Request,
  limit: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  if (request.method === "GET" || request.method === "HEAD") return null;
  const told = request.headers.get("content-length");
  if (told === "0") return null;
  if (told !== null) {
    if (Number(told) > limit) throw new BodyTooLargeError(limit);
    // No server passes on more than was told. To read it at once, without so much as a look at the
    // stream, which would be made for that, is several times as fast.
    return await request.bytes();
  }
  if (request.body === null) return null;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.length;
    if (size > limit) throw new BodyTooLargeError(limit);
    chunks.push(chunk);
  }
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}
