import { deepEqual } from "node:assert/strict";
import fc from "fast-check";
import { parseSinfo } from "./sinfo.ts";
import { testdata } from "./testing/captured.ts";

Deno.test("the partitions of a real cluster are read", () => {
  const partition = { available: true, availability: "up" };
  deepEqual(parseSinfo(testdata("sinfo.txt")), {
    partitions: [
      { ...partition, name: "debug", default: true, nodes: 4, timeLimit: "unlimited" },
      { ...partition, name: "gpu", default: false, nodes: 2, timeLimit: 3600 },
    ],
    malformed: [],
  });
});

Deno.test("a partition that starts no jobs is not available, and lines of one add up", () => {
  const text = "old\x1fdown\x1f2\x1fn/a\nold\x1fdown\x1f3\x1fn/a\nMOTD\n";
  deepEqual(parseSinfo(text), {
    partitions: [{ name: "old", default: false, available: false, availability: "down", nodes: 5 }],
    malformed: ["MOTD"],
  });
});

Deno.test("any bytes give partitions or malformed lines", () => {
  const field = fc.constantFrom("a", "*", "up", "4", "1:00:00", "infinite", "\x1f", "\n");
  fc.assert(fc.property(fc.array(field), (fields) => {
    parseSinfo(fields.join("\x1f"));
  }));
});
