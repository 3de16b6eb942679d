import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type Host, openLocal } from "../hosts/mod.ts";
import { fetchedTree, fetchOutputs } from "./mod.ts";
import type { CollectedOutput, FetchedEntry, OutputSource } from "./mod.ts";
import { Workshop } from "./testing/workshop.ts";
import { treeHash } from "./tree_hash.ts";

function sha256(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof Error && "code" in error && error.code === code;
}

async function* bytes(...parts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield await Promise.resolve(new TextEncoder().encode(part));
}

function output(name: string, content: string): CollectedOutput {
  return {
    status: "collected",
    name,
    kind: "file",
    path: `/there/${name}`,
    bytes: content.length,
    files: 1,
    sha256: sha256(content),
  };
}

function directory(name: string, hash: string): CollectedOutput {
  return { ...output(name, ""), kind: "directory", sha256: hash };
}

/** Outputs that hold what a test says. */
function source(
  content: readonly string[],
  entries: readonly FetchedEntry[] = [],
): OutputSource {
  return {
    file: () => bytes(...content),
    async *tree() {
      for (const entry of entries) yield await Promise.resolve(entry);
    },
  };
}

/** A directory of a host as an archive. */
async function* archiveOf(host: Host, path: string, signal: AbortSignal) {
  yield* await host.getArchive(path, { signal });
}

const file = (path: string, content: string, mode = 0o600): FetchedEntry => ({
  kind: "file",
  path,
  mode,
  content: bytes(content),
});

Deno.test("an output comes under its own name, in the place of an earlier one, and progress is told", async () => {
  await using shop = await Workshop.open();
  await shop.write("to/a%2Fb", "earlier");
  const seen: unknown[] = [];
  const [fetched] = await fetchOutputs(
    [output("a/b", "onetwo")],
    source(["one", "two"]),
    shop.path("to"),
    ({ bytes, total, name }) => seen.push([bytes, total, name]),
  );
  assert.equal(fetched?.path, shop.path("to/a%2Fb"));
  assert.equal(await shop.read("to/a%2Fb"), "onetwo");
  assert.deepEqual(seen, [[0, 6, "a/b"], [3, 6, "a/b"], [6, 6, "a/b"]]);
  assert.deepEqual(await shop.list("to"), ["a%2Fb"]);
});

Deno.test("what is not what it was leaves what is here as it is", async () => {
  await using shop = await Workshop.open();
  await shop.write("to/a", "earlier");
  const fetching = fetchOutputs([output("a", "one")], source(["two"]), shop.path("to"));
  await assert.rejects(fetching, hasCode("OUTPUT_CHANGED"));
  assert.equal(await shop.read("to/a"), "earlier");
  assert.deepEqual(await shop.list("to"), ["a"]);
});

Deno.test("a fetch that is ended leaves nothing", async () => {
  await using shop = await Workshop.open();
  const ending = new AbortController();
  const fetching = fetchOutputs(
    [output("a", "onetwo")],
    source(["one", "two"]),
    shop.path("to"),
    ({ bytes }) => bytes > 0 && ending.abort(new Error("enough")),
    ending.signal,
  );
  await assert.rejects(fetching, /enough/);
  assert.deepEqual(await shop.list("to"), []);
});

Deno.test("nothing is written through a link that an output holds", async () => {
  await using shop = await Workshop.open();
  await shop.write("victim/inner", "mine");
  const entries: FetchedEntry[] = [
    { kind: "symlink", path: "out", target: shop.path("victim") },
    { kind: "symlink", path: "up", target: "../../victim" },
    { kind: "symlink", path: "in", target: "sub/a" },
    { kind: "directory", path: "sub" },
    file("sub/a", "one", 0o755),
  ];
  const hash = treeHash({
    files: [{ path: "sub/a", sha256: sha256("one") }],
    directories: ["sub"],
    links: [
      { path: "out", target: shop.path("victim") },
      { path: "up", target: "../../victim" },
      { path: "in", target: "sub/a" },
    ],
  });
  const [fetched] = await fetchOutputs(
    [directory("tree", hash)],
    source([], entries),
    shop.path("to"),
  );
  assert.deepEqual(fetched?.linksLeftOut.map(({ path }) => path), ["out", "up"]);
  assert.deepEqual(await shop.list("to/tree"), ["in", "sub"]);
  assert.equal(await shop.read("to/tree/in"), "one");
  assert.equal(((await Deno.stat(shop.path("to/tree/sub/a"))).mode ?? 0) & 0o777, 0o755);
  assert.equal(await shop.read("victim/inner"), "mine");
});

Deno.test("many files, large ones among them, come as they are from one archive", async () => {
  await using shop = await Workshop.open();
  const contents = new Map<string, string>();
  for (let n = 0; n < 60; n++) contents.set(`d${n % 3}/${n}`, "x".repeat(n === 7 ? 200_000 : n));
  for (const [name, content] of contents) await shop.write(`from/${name}`, content);
  await using host = await openLocal();
  const hash = treeHash({
    files: [...contents].map(([path, content]) => ({ path, sha256: sha256(content) })),
    directories: ["d0", "d1", "d2"],
    links: [],
  });
  const archive = await host.getArchive(shop.path("from"));
  const tree = { ...source([]), tree: () => fetchedTree(() => archive, undefined) };
  let counted = 0;
  await fetchOutputs([directory("tree", hash)], tree, shop.path("to"), ({ bytes }) => {
    counted = bytes;
  });
  for (const [name, content] of contents) assert.equal(await shop.read(`to/tree/${name}`), content);
  assert.equal(counted, [...contents.values()].join("").length);
});

Deno.test("an archive that is left before its end is ended", async () => {
  let ended: AbortSignal | undefined;
  const tree = fetchedTree((signal) => {
    ended = signal;
    return bytes();
  }, undefined);
  assert.deepEqual(await Array.fromAsync(tree), []);
  assert.equal(ended?.aborted, true);
});

Deno.test("a tree may be left or aborted at any file, which frees the channel, and files in it be skipped", async () => {
  await using shop = await Workshop.open();
  for (let n = 0; n < 50; n++) await shop.write(`from/${n}`, "x".repeat(200_000));
  await using host = await openLocal();
  const open = (signal?: AbortSignal) =>
    fetchedTree((ended) => archiveOf(host, shop.path("from"), ended), signal);
  for await (const one of open()) {
    assert.equal(one.kind, "file");
    break;
  }
  while (host.openChannels > 0) await delay(1);
  const abort = new AbortController();
  const reason = new Error("enough");
  await assert.rejects(async () => {
    for await (const _ of open(abort.signal)) abort.abort(reason);
  }, reason);
  while (host.openChannels > 0) await delay(1);
  assert.equal((await Array.fromAsync(open())).length, 50);
  assert.equal(host.openChannels, 0);
});

Deno.test("a directory is not mixed with what is here", async () => {
  await using shop = await Workshop.open();
  await shop.write("to/tree/mine", "mine");
  const hash = treeHash({ files: [], directories: [], links: [] });
  const fetching = fetchOutputs([directory("tree", hash)], source([]), shop.path("to"));
  await assert.rejects(fetching, hasCode("FETCH_TARGET"));
  assert.deepEqual(await shop.list("to/tree"), ["mine"]);
});

Deno.test("files of any size come whole, though several are written at once", async () => {
  await using shop = await Workshop.open();
  const small = Array.from({ length: 40 }, (_, number) => [`${number % 3}/${number}`, `${number}`]);
  const part = "0123456789abcdef".repeat(6_000);
  const contents = new Map<string, readonly string[]>([
    ...small.map(([path = "", content = ""]) => [path, [content]] as const),
    ["0/empty", []],
    ["0/parts", ["one", "two", "three"]],
    ["large", [part, part, part, "end", part]],
    ["last", ["last"]],
  ]);
  const entries = [...contents].map(([path, parts]): FetchedEntry => ({
    kind: "file",
    path,
    mode: 0o600,
    content: bytes(...parts),
  }));
  const directories = ["0", "1", "2"];
  const hash = treeHash({
    files: [...contents].map(([path, parts]) => ({ path, sha256: sha256(parts.join("")) })),
    directories,
    links: [],
  });
  const made = directories.map((path): FetchedEntry => ({ kind: "directory", path }));
  let came = 0;
  await fetchOutputs(
    [directory("tree", hash)],
    source([], [...made, ...entries]),
    shop.path("to"),
    ({ bytes }) => came = bytes,
  );
  for (const [path, parts] of contents) {
    assert.equal(await shop.read(`to/tree/${path}`), parts.join(""), path);
  }
  assert.equal(came, [...contents.values()].flat().join("").length);
});

Deno.test("a file that cannot be written ends the fetch, which leaves nothing", async () => {
  await using shop = await Workshop.open();
  for (const behind of [0, 40]) {
    const others = Array.from({ length: behind }, (_, number) => file(`b${number}`, "more"));
    const entries = [file("a", "one"), file("a", "two"), ...others];
    const fetching = fetchOutputs([directory("tree", "")], source([], entries), shop.path("to"));
    await assert.rejects(fetching, hasCode("FETCH_TARGET"));
    assert.deepEqual(await shop.list("to"), []);
  }
});
