import { deepEqual, equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { expandNodeList, InvalidNodeListError, maxNodeNames } from "./node_list.ts";

Deno.test("ranges, zeros, suffixes and several brackets are expanded in order", () => {
  deepEqual(expandNodeList("n[1-4,7],gpu[01-03]-ib"), [
    "n1",
    "n2",
    "n3",
    "n4",
    "n7",
    "gpu01-ib",
    "gpu02-ib",
    "gpu03-ib",
  ]);
  deepEqual(expandNodeList("r[1-2]c[08-10]"), [
    "r1c08",
    "r1c09",
    "r1c10",
    "r2c08",
    "r2c09",
    "r2c10",
  ]);
  deepEqual(expandNodeList("login"), ["login"]);
});

Deno.test("no nodes are no names", () => {
  for (const list of ["", "(null)", "None assigned", "N/A", "  "]) {
    deepEqual(expandNodeList(list), []);
  }
});

Deno.test("a list that cannot be expanded is refused", () => {
  for (
    const list of [
      "n[1-",
      "n]1",
      "n[1[2]]",
      "n[4-1]",
      "n[a-b]",
      "n[]",
      "a,,b",
      "n[0-99999999]",
      "a[1-1000]b[1-1000]",
      "n[1-90000],m[1-90000]",
    ]
  ) {
    throws(() => expandNodeList(list), (error) => {
      return error instanceof InvalidNodeListError && error.code === "INVALID_NODE_LIST";
    }, list);
  }
});

Deno.test("the largest list that is allowed is expanded", () => {
  equal(expandNodeList(`n[1-${maxNodeNames}]`).length, maxNodeNames);
});

Deno.test("plain names come back as they are", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
  fc.assert(fc.property(fc.array(name, { minLength: 1 }), (names) => {
    deepEqual(expandNodeList(names.join(",")), names);
  }));
});

Deno.test("names in brackets come back with their zeros", () => {
  const number = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.nat({ max: 999_999 }))
    .map(([width, value]) => String(value).padStart(width, "0"));
  fc.assert(fc.property(fc.array(number, { minLength: 1 }), (numbers) => {
    deepEqual(expandNodeList(`n[${numbers.join(",")}]`), numbers.map((digits) => `n${digits}`));
  }));
});

Deno.test("expanding gives names, or the typed error", () => {
  const piece = fc.constantFrom("n", "[", "]", ",", "-", "1", "09", "10", " ", "(null)", "é");
  fc.assert(fc.property(fc.array(piece), (pieces) => {
    try {
      expandNodeList(pieces.join(""));
    } catch (error) {
      equal(error instanceof InvalidNodeListError, true);
    }
  }));
});
