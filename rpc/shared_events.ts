/**
 * Events that go to many subscribers: checked once and written as JSON once.
 *
 * @module
 */

import type { TrackedEnvelope } from "@trpc/server";

const encoder = new TextEncoder();

/** The envelopes that many subscribers are given, with their bytes as soon as one of them needed these. */
const shared = new WeakMap<TrackedEnvelope<unknown>, Uint8Array | undefined>();

/** Marks an envelope as one that others will be given as well. It must not change any more. */
export function share(envelope: TrackedEnvelope<unknown>): void {
  shared.set(envelope, undefined);
}

/**
 * The event as tRPC's clients read it from a stream of server-sent events.
 *
 * Source: `sseStreamProducer` of @trpc/server 11.
 */
export function encodeEvent(envelope: TrackedEnvelope<unknown>): Uint8Array {
  const known = shared.get(envelope);
  if (known !== undefined) return known;
  const [id, data] = envelope;
  const bytes = encoder.encode(`data: ${JSON.stringify(data)}\nid: ${id}\n\n`);
  if (shared.has(envelope)) shared.set(envelope, bytes);
  return bytes;
}

/** An event of the stream itself, which has a name and no id. */
export function encodeNamed(name: string, data: unknown): Uint8Array {
  const json = data === undefined ? "" : JSON.stringify(data);
  return encoder.encode(`event: ${name}\ndata: ${json}\n\n`);
}
