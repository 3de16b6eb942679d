import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { fixedPart } from "./local_files.ts";
import { contentsOf, LocalFiles } from "./mod.ts";
import type { ContentEntry, InputContent } from "./mod.ts";
import { Workshop } from "./testing/workshop.ts";

const { signal } = new AbortController();

const ODD = 'it\'s $(id)\n"ä" *';

function sha256(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}

function entriesOf(input: InputContent): readonly ContentEntry[] {
  assert.equal(input.kind, "tree");
  return input.entries;
}

/** The entries as words: their kinds and paths. */
function words(input: InputContent): string[] {
  return entriesOf(input).map(({ kind, path }) => `${kind} ${path}`);
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof Error && "code" in error && error.code === code;
}

Deno.test("a file and a text are known by what they hold", async () => {
  await using shop = await Workshop.open();
  const path = await shop.write("run", "#!/bin/sh\n", 0o755);
  const files = new LocalFiles();
  const file = await files.read("a", { file: path }, signal);
  assert.deepEqual(contentsOf(file), [
    { sha256: sha256("#!/bin/sh\n"), size: 10, executable: true, source: path },
  ]);
  const text = await files.read("b", { text: "ä", to: "x" }, signal);
  assert.deepEqual([text.sha256, contentsOf(text)[0]?.size], [sha256("ä"), 2]);
});

Deno.test("a file that has changed is read anew, even at once and with the same size", async () => {
  await using shop = await Workshop.open();
  const files = new LocalFiles();
  for (const content of ["one", "two", "abc"]) {
    const path = await shop.write("a", content);
    assert.equal((await files.read("a", { file: path }, signal)).sha256, sha256(content));
  }
});

Deno.test("a directory is sent with all it holds, whatever the names", async () => {
  await using shop = await Workshop.open();
  await shop.write(`tree/${ODD}/${ODD}`, "odd");
  await shop.write("tree/.hidden", "");
  await Deno.mkdir(shop.path("tree/empty"));
  await Deno.symlink(`${ODD}/${ODD}`, shop.path("tree/link"));
  await Deno.symlink("nothing", shop.path("tree/dangling"));
  const files = new LocalFiles();
  const tree = await files.read("a", { directory: shop.path("tree") }, signal);
  assert.deepEqual(words(tree), [
    "file .hidden",
    "symlink dangling",
    "directory empty",
    `directory ${ODD}`,
    `file ${ODD}/${ODD}`,
    "symlink link",
  ]);
  const again = await files.read("a", { directory: shop.path("tree") }, signal);
  assert.equal(again.sha256, tree.sha256);
  await Deno.chmod(shop.path("tree/.hidden"), 0o755);
  const changed = await files.read("a", { directory: shop.path("tree") }, signal);
  assert.notEqual(changed.sha256, tree.sha256, "whether a file is a program counts");
});

Deno.test("a link out of the directory is refused, by whatever way it leads", async () => {
  for (const target of ["/etc/passwd", "../other", "sub/../../other", "inner/up"]) {
    await using shop = await Workshop.open();
    await shop.write("other", "");
    await shop.write("tree/sub/a", "");
    await Deno.symlink("sub", shop.path("tree/inner"));
    await Deno.symlink("..", shop.path("tree/sub/up"));
    await Deno.symlink(target, shop.path("tree/link"));
    const read = new LocalFiles().read("a", { directory: shop.path("tree") }, signal);
    if (target === "inner/up") await read;
    else await assert.rejects(read, hasCode("INPUT_LINK_OUTSIDE"), target);
  }
});

Deno.test("a glob gives what it matches, by the path behind its fixed part", async () => {
  await using shop = await Workshop.open();
  await shop.write("logs/a/1.csv", "");
  await shop.write("logs/2.csv", "");
  await shop.write("logs/2.txt", "");
  await shop.write("logs/deep.csv/inner", "");
  const files = new LocalFiles();
  const found = await files.read("a", { glob: shop.path("logs/**/*.csv") }, signal);
  assert.deepEqual(words(found), [
    "file 2.csv",
    "file a/1.csv",
    "directory deep.csv",
    "file deep.csv/inner",
  ]);
  await shop.write(`odd/${ODD}/x.csv`, "");
  const odd = await files.read("a", { glob: shop.path("odd/*/x.csv") }, signal);
  assert.deepEqual(words(odd), [`file ${ODD}/x.csv`]);
  const one = await files.read("a", { glob: shop.path("logs/2.csv") }, signal);
  assert.deepEqual(words(one), ["file 2.csv"]);
  await assert.rejects(
    files.read("a", { glob: shop.path("logs/*.json") }, signal),
    hasCode("INPUT_EMPTY"),
  );
});

Deno.test("the fixed part of a pattern is what comes before the first part with a wildcard", () => {
  assert.deepEqual(fixedPart("data/a/**/*.csv"), { directory: "data/a", rest: "**/*.csv" });
  assert.deepEqual(fixedPart("/*.csv"), { directory: "/", rest: "*.csv" });
  assert.deepEqual(fixedPart("*.csv"), { directory: ".", rest: "*.csv" });
  assert.deepEqual(fixedPart("data/a.csv"), { directory: "data", rest: "a.csv" });
  assert.deepEqual(fixedPart("a\\*b/{c,d/e}.csv"), { directory: "a*b", rest: "{c,d/e}.csv" });
});

Deno.test("what cannot be read is named", async () => {
  await using shop = await Workshop.open();
  await shop.write("a", "");
  const files = new LocalFiles();
  for (
    const input of [
      { file: shop.path("none") },
      { file: shop.directory },
      { directory: shop.path("none") },
      { directory: shop.path("a") },
    ]
  ) {
    await assert.rejects(files.read("a", input, signal), hasCode("INPUT_UNREADABLE"));
  }
});
