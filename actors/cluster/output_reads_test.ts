import assert from "node:assert/strict";
import fc from "fast-check";
import { openLocal } from "../../hosts/mod.ts";
import {
  availablePieces,
  parseSizes,
  readCommand,
  sizesCommand,
  splitPieces,
} from "./output_reads.ts";

const wanted = fc.array(
  fc.record({
    path: fc.constantFrom("a", "b", "c", "d"),
    offset: fc.nat(2_000),
    maxBytes: fc.integer({ min: 1, max: 2_000 }),
  }),
  { maxLength: 20 },
);
const sizes = fc.dictionary(fc.constantFrom("a", "b", "c"), fc.nat(4_000)).map((found) =>
  new Map(Object.entries(found))
);

Deno.test("no piece reaches beyond its file, what was wanted, or the budget", () => {
  fc.assert(
    fc.property(wanted, sizes, fc.integer({ min: 50, max: 5_000 }), (wanted, sizes, budget) => {
      const pieces = availablePieces(wanted, sizes, budget);
      for (const { path, offset, length } of pieces) {
        assert.ok(length > 0);
        assert.ok(offset + length <= (sizes.get(path) ?? 0));
        assert.ok(
          wanted.some((one) =>
            one.path === path && one.offset === offset && length <= one.maxBytes
          ),
        );
      }
      assert.ok(pieces.reduce((sum, { length }) => sum + length, 0) <= budget);
    }),
  );
});

Deno.test("everyone with bytes gets some: a large output does not starve a small one", () => {
  const pieces = availablePieces(
    [
      { path: "large", offset: 0, maxBytes: 1_000_000 },
      { path: "small", offset: 0, maxBytes: 1_000_000 },
      { path: "other", offset: 10, maxBytes: 1_000_000 },
    ],
    new Map([["large", 900_000], ["small", 5], ["other", 800_000]]),
    1_005,
  );
  assert.deepEqual(
    new Map(pieces.map(({ path, length }) => [path, length])),
    new Map([["small", 5], ["other", 500], ["large", 500]]),
  );
});

Deno.test("the commands read exactly the pieces, whatever the files are called", async () => {
  await using host = await openLocal();
  const directory = await Deno.makeTempDir();
  try {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index * 7 % 251);
    const paths = ["plain", "it's $(x)", "-n", "line\nend"].map((name) => `${directory}/${name}`);
    for (const path of paths) await Deno.writeFile(path, bytes);
    const asked = [...paths, `${directory}/missing`].map((path, index) => ({
      path,
      offset: index * 17,
      maxBytes: 70_000,
    }));
    const found = await host.run(sizesCommand(asked.map(({ path }) => path)));
    const sizes = parseSizes(new TextDecoder().decode(found.stdout));
    assert.deepEqual([...sizes.keys()].sort(), paths.toSorted());
    const pieces = availablePieces(asked, sizes, 1_000_000);
    await Deno.writeFile(paths[0] ?? "", bytes, { append: true });
    const { stdout, stderr } = await host.run(
      readCommand(pieces, asked.map(({ path }) => path)),
    );
    assert.equal(parseSizes(new TextDecoder().decode(stderr)).get(paths[0] ?? ""), 200_000);
    const parts = splitPieces(pieces, stdout);
    assert.equal(parts?.length, 4);
    for (const [index, { offset, length }] of pieces.entries()) {
      assert.deepEqual(parts?.[index], bytes.slice(offset, offset + length));
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("output of another length than asked for is not split at all", () => {
  const piece = (path: string, length: number) => ({
    of: { path, offset: 0, maxBytes: 10 },
    path,
    offset: 0,
    length,
  });
  const pieces = [piece("a", 3), piece("b", 2)];
  assert.deepEqual(splitPieces(pieces, Uint8Array.of(1, 2, 3, 4, 5)), [
    Uint8Array.of(1, 2, 3),
    Uint8Array.of(4, 5),
  ]);
  assert.equal(splitPieces(pieces, Uint8Array.of(1, 2, 3, 4)), undefined);
  assert.equal(splitPieces(pieces, Uint8Array.of(1, 2, 3, 4, 5, 6)), undefined);
});

Deno.test("the reader of sizes takes anything", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (output) => {
    for (const size of parseSizes(output).values()) assert.ok(Number.isSafeInteger(size));
  }));
});
