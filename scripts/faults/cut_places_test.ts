import assert from "node:assert/strict";
import { cutPlaces } from "./cut_places.ts";

Deno.test("places lie a step apart from the first byte of each way to past its last", () => {
  const places = cutPlaces({ up: 200, down: 64 }, 64);
  assert.deepEqual(
    places.map(({ way, bytes }) => `${way} ${bytes}`),
    ["up 1", "up 65", "up 129", "up 193", "up 257", "down 1", "down 65"],
  );
});
