import { deepEqual, equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { InvalidMemoryError, parseAccountedMemory, parseMemory } from "./memory.ts";

Deno.test("amounts are read as sbatch reads them", () => {
  equal(parseMemory(4), 4 * 2 ** 20);
  equal(parseMemory("4"), 4 * 2 ** 20);
  equal(parseMemory("0"), 0);
  equal(parseMemory("4096K"), 4 * 2 ** 20);
  equal(parseMemory("4g"), 4 * 2 ** 30);
  equal(parseMemory("4GB"), 4 * 2 ** 30);
  equal(parseMemory("1T"), 2 ** 40);
});

Deno.test("anything else is refused", () => {
  for (
    const value of [
      "lots",
      "",
      "1.5G",
      "-1",
      "4GiB",
      "4 G",
      " 4",
      "4P",
      "999999999999999T",
      -1,
      1.5,
    ]
  ) {
    throws(() => parseMemory(value), (error) => {
      return error instanceof InvalidMemoryError && error.code === "INVALID_MEMORY";
    });
  }
});

Deno.test("reading an amount gives a number, or the typed error", () => {
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
    parseAccountedMemory(text);
    try {
      parseMemory(text);
    } catch (error) {
      equal(error instanceof InvalidMemoryError, true);
    }
  }));
});

Deno.test("amounts of accounting are read, with what they were counted for", () => {
  deepEqual(parseAccountedMemory("4194304"), { bytes: 4_194_304, per: "job" });
  deepEqual(parseAccountedMemory("500M", "M"), { bytes: 500 * 2 ** 20, per: "job" });
  deepEqual(parseAccountedMemory("500", "M"), { bytes: 500 * 2 ** 20, per: "job" });
  deepEqual(parseAccountedMemory("1.50G"), { bytes: 1.5 * 2 ** 30, per: "job" });
  deepEqual(parseAccountedMemory("4000Mn"), { bytes: 4000 * 2 ** 20, per: "node" });
  deepEqual(parseAccountedMemory("2Gc"), { bytes: 2 * 2 ** 30, per: "cpu" });
});

Deno.test("the amount that Slurm 22.05 prints for jobs without memory is none", () => {
  equal(parseAccountedMemory("18446744073709551616.00M", "M"), undefined);
  equal(parseAccountedMemory(""), undefined);
});
