import assert from "node:assert/strict";
import { clusterNameSchema } from "../model/mod.ts";
import type { Committed } from "./ring.ts";
import { Ring } from "./ring.ts";

function item(id: number, bytes = 1): Committed {
  const cluster = clusterNameSchema.parse("alpha");
  return {
    kind: "cluster",
    event: { id, at: 0, index: id, cluster, fact: { type: "link_up" } },
    bytes,
  };
}

function after(ring: Ring, cursor: number): number[] {
  return [...ring.after(cursor)].map(({ event }) => event.id);
}

Deno.test("an empty ring covers only what is yet to come", () => {
  const ring = new Ring(7);
  assert.equal(ring.lastId, 7);
  assert.equal(ring.covers(6), false);
  assert.equal(ring.covers(7), true);
  assert.deepEqual(after(ring, 7), []);
});

Deno.test("a full ring forgets the oldest event for each new one", () => {
  const ring = new Ring(0, { maxEvents: 3 });
  for (let id = 1; id <= 8; id++) ring.push(item(id));
  assert.equal(ring.covers(4), false);
  assert.equal(ring.covers(5), true);
  assert.deepEqual(after(ring, 5), [6, 7, 8]);
  assert.deepEqual(after(ring, 7), [8]);
  assert.deepEqual(after(ring, 99), []);
});

Deno.test("large events push out the others, and themselves where they exceed the ring", () => {
  const ring = new Ring(0, { maxEvents: 4, maxBytes: 10 });
  ring.push(item(1, 4));
  ring.push(item(2, 4));
  ring.push(item(3, 4));
  assert.equal(ring.covers(0), false);
  assert.deepEqual(after(ring, 1), [2, 3]);
  ring.push(item(4, 11));
  assert.equal(ring.lastId, 4);
  assert.equal(ring.covers(3), false);
  assert.equal(ring.covers(4), true);
  ring.push(item(5, 10));
  assert.deepEqual(after(ring, 4), [5]);
});
