/**
 * Bodies of bounded size.
 *
 * @module
 */

import { BodyTooLargeError } from "./errors.ts";

/**
 * A copy of the request with its body read into memory, and with a signal of its own that nothing aborts.
 *
 * @param limit Largest body in bytes.
 * @throws {BodyTooLargeError} Where the body is larger, whether or not it says so in its header.
 */
export async function withLimitedBody(request: Request, limit: number): Promise<Request> {
  const { url, method, headers } = request;
  if (request.body === null) return new Request(url, { method, headers });
  if (Number(request.headers.get("content-length") ?? 0) > limit) {
    throw new BodyTooLargeError(limit);
  }
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
  return new Request(url, { method, headers, body: whole });
}
