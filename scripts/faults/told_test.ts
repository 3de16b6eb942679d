import assert from "node:assert/strict";
import { jobEventSchema } from "../../model/mod.ts";
import { toldEvent, wholeOutput } from "./told.ts";

const place = {
  id: 4,
  at: 1,
  index: 2,
  cluster: "dev",
  jobId: "01890a5d-ac96-774b-bcce-b302099a8057",
};

Deno.test("events of the same content have the same text, those of another content not", () => {
  const event = jobEventSchema.parse({ ...place, fact: { type: "submitted", schedulerId: "12" } });
  const { fact, ...rest } = event;
  assert.equal(toldEvent({ fact, ...rest }).text, toldEvent(event).text);
  const other = jobEventSchema.parse({ ...place, fact: { type: "submitted", schedulerId: "13" } });
  assert.notEqual(toldEvent(other).text, toldEvent(event).text);
});

Deno.test("pieces of output are put together in the order in which they came", () => {
  const piece = (...bytes: number[]) => ({ offset: 0, bytes: Uint8Array.of(...bytes) });
  assert.deepEqual(wholeOutput([piece(1, 2), piece(), piece(3)]), Uint8Array.of(1, 2, 3));
});
