import assert from "node:assert/strict";
import { Archives } from "./archives.ts";
import { ArchiveInvalidError, ArchiveUnreadableError } from "./errors.ts";
import { programHead, Workshop } from "./testing/workshop.ts";

const { signal } = new AbortController();
const X86_64 = 62;
const AARCH64 = 183;
const PPC64LE = 21;
const SPARC = 43;

const packings: Readonly<Record<string, string>> = {
  "a plain tar": "tar -cf",
  "gzip": "tar -czf",
  "bzip2": "tar -cjf",
  "xz": "tar --xz -cf",
  "zstd": "tar --zstd -cf",
  "a tar with names of any length": "tar --format=posix -czf",
};

for (const [name, tar] of Object.entries(packings)) {
  Deno.test(`the hash and the platform of an archive are found: ${name}`, async () => {
    await using workshop = await Workshop.open();
    await workshop.write(
      `p/${"long ".repeat(30)}/data`,
      crypto.getRandomValues(new Uint8Array(60_000)),
    );
    await workshop.write("p/lib/other.so", programHead(X86_64));
    await workshop.write("p/bin/python3.11", programHead(AARCH64));
    await workshop.shell(`${tar} archive -C p .`);
    const archive = await new Archives().describe(workshop.path("archive"), undefined, signal);
    const [sum] = (await workshop.shell("sha256sum archive")).split(" ");
    const { size } = await Deno.stat(workshop.path("archive"));
    assert.deepEqual(archive, {
      path: workshop.path("archive"),
      sha256: sum,
      size,
      platform: "linux-aarch64",
    });
  });
}

async function platformOf(files: Readonly<Record<string, Uint8Array>>) {
  await using workshop = await Workshop.open();
  for (const [name, content] of Object.entries(files)) await workshop.write(`p/${name}`, content);
  await workshop.shell("tar -cf archive -C p .");
  return (await new Archives().describe(workshop.path("archive"), undefined, signal)).platform;
}

Deno.test("libraries tell the platform where no program does, if they agree", async () => {
  const text = new TextEncoder().encode("#!/bin/sh\n");
  assert.equal(
    await platformOf({ "bin/tool": text, "lib/a.so": programHead(PPC64LE) }),
    "linux-ppc64le",
  );
  assert.equal(
    await platformOf({ "a.so": programHead(X86_64), "b.so": programHead(AARCH64) }),
    undefined,
  );
  assert.equal(await platformOf({ "bin/tool": programHead(SPARC) }), undefined);
  assert.equal(await platformOf({ "bin/tool": text, "bin/empty": new Uint8Array() }), undefined);
});

Deno.test("what somebody says of the platform is believed, and nobody looks into the archive", async () => {
  await using workshop = await Workshop.open();
  // Its beginning is that of an archive, and the rest is none.
  await workshop.write("archive", Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3));
  const archives = new Archives();
  const archive = await archives.describe(workshop.path("archive"), "any", signal);
  assert.equal(archive.platform, "any");
  await assert.rejects(archives.describe(workshop.path("archive"), undefined, signal), {
    code: "ARCHIVE_OPAQUE",
    retryable: false,
  });
});

Deno.test("a self-extracting script of pixi-pack tells the platform of what unpacks it", async () => {
  await using workshop = await Workshop.open();
  await workshop.write("unpacker", programHead(AARCH64));
  await workshop.shell(`{
    printf '#!/usr/bin/env bash\\ngrep "^@@END_ARCHIVE@@" "$0"\\nexit 0\\n@@END_HEADER@@\\n'
    head -c 300000 /dev/urandom | base64 -w 0
    printf '\\n@@END_ARCHIVE@@\\n'
    base64 -w 0 unpacker
  } >archive.sh`);
  const archives = new Archives();
  const found = await archives.describe(workshop.path("archive.sh"), undefined, signal);
  assert.equal(found.platform, "linux-aarch64");
  await workshop.write("other.sh", "#!/bin/sh\nexit 0\n");
  const other = await archives.describe(workshop.path("other.sh"), undefined, signal);
  assert.equal(other.platform, undefined);
});

Deno.test("an archive is read again only when it has changed", async () => {
  await using workshop = await Workshop.open();
  const archives = new Archives();
  const path = workshop.path("archive");
  const pack = async (word: string) => {
    await workshop.write("p/word", word);
    await workshop.shell("tar -cf archive -C p .");
  };
  const describe = async () => (await archives.describe(path, undefined, signal)).sha256;
  await pack("one");
  const [one, same] = await Promise.all([describe(), describe()]);
  assert.equal(one, same);
  // Whoever reads it now finds something else, but nothing says so.
  const { mtime, atime } = await Deno.stat(path);
  const bytes = await Deno.readFile(path);
  bytes[600] = 0x21;
  await Deno.writeFile(path, bytes);
  assert.ok(mtime !== null && atime !== null);
  await Deno.utime(path, atime, mtime);
  assert.equal(await describe(), one);
  await pack("other");
  assert.notEqual(await describe(), one);
});

Deno.test("what is no archive, or not there, is told for what it is", async () => {
  await using workshop = await Workshop.open();
  const archives = new Archives();
  const describe = (name: string) => archives.describe(workshop.path(name), undefined, signal);
  await workshop.write("text", "hello");
  await workshop.write("empty", "");
  await workshop.write("p/data", new Uint8Array(100_000));
  await workshop.shell("tar -czf whole -C p . && head -c 150 whole >short");
  await assert.rejects(describe("absent"), ArchiveUnreadableError);
  await assert.rejects(describe("."), ArchiveUnreadableError);
  await assert.rejects(describe("text"), ArchiveInvalidError);
  await assert.rejects(describe("empty"), ArchiveInvalidError);
  await assert.rejects(describe("short"), ArchiveInvalidError);
});

Deno.test("who does not want it any more waits no more, and others get it", async () => {
  await using workshop = await Workshop.open();
  await workshop.write("p/data", crypto.getRandomValues(new Uint8Array(60_000)));
  await workshop.shell("tar -czf archive -C p .");
  const archives = new Archives();
  const leaving = new AbortController();
  const path = workshop.path("archive");
  const both = Promise.allSettled([
    archives.describe(path, undefined, leaving.signal),
    archives.describe(path, undefined, signal),
  ]);
  leaving.abort(new Error("left"));
  const [left, stayed] = await both;
  assert.equal(left.status, "rejected");
  assert.equal(stayed.status, "fulfilled");
});
