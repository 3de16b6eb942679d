import assert from "node:assert/strict";
import { EventReader } from "./event_reader.ts";

const answer = [
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
  "7\r\ndata: x\r\n",
  "10\r\n\nid: 1\n\nid: 2\nda\r\n",
  "9\r\nta: y\n\n\ni\r\n",
].join("");

Deno.test("events are found however the answer is cut", () => {
  for (let size = 1; size <= answer.length; size++) {
    const reader = new EventReader();
    const found: unknown[] = [];
    for (let at = 0; at < answer.length; at += size) {
      found.push(...reader.push(answer.slice(at, at + size)));
    }
    assert.deepEqual(found, [{ id: 1, text: "data: x\nid: 1" }, { id: 2, text: "id: 2\ndata: y" }]);
  }
});

Deno.test("what is no stream, and its end, are errors", () => {
  assert.throws(() => new EventReader().push("HTTP/1.1 500 No\r\n\r\n"), /no stream/);
  assert.throws(() => new EventReader().push(`${answer}0\r\n\r\n`), /ended/);
});
