import assert from "node:assert/strict";
import { parseDiskSpace, parseFileInfos } from "./file_info.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("stat's records are read, separators in names included", () => {
  const output = bytes(
    "81a4\x1f12\x1f1700000000.250\x1fa\x1fb\nc\0" +
      "41c0\x1f4096\x1f1700000001.000\x1fdir\0" +
      "a1ff\x1f3\x1f-1.500\x1flink\0" +
      "21b6\x1f0\x1f0.000\x1fnull\0",
  );
  assert.deepEqual(parseFileInfos(output), [
    { name: "a\x1fb\nc", kind: "file", size: 12, mode: 0o644, modifiedAt: 1_700_000_000_250 },
    { name: "dir", kind: "directory", size: 4096, mode: 0o700, modifiedAt: 1_700_000_001_000 },
    { name: "link", kind: "symlink", size: 3, mode: 0o777, modifiedAt: -1500 },
    { name: "null", kind: "other", size: 0, mode: 0o666, modifiedAt: 0 },
  ]);
});

Deno.test("a name that is not UTF-8 is shown with replacement characters", () => {
  const output = Uint8Array.of(...bytes("81a4\x1f1\x1f0.0\x1f"), 0xff, 0x61, 0);
  assert.equal(parseFileInfos(output)[0]?.name, "\ufffda");
});

Deno.test("df is read though device and mount point hold blanks", () => {
  const header = "Filesystem 1024-blocks Used Available Capacity Mounted on\n";
  assert.deepEqual(
    parseDiskSpace(bytes(`${header}//server/a share 1000 400 600 40% /mnt/my share 1 2 3\n`)),
    { totalBytes: 1_024_000, freeBytes: 614_400 },
  );
  assert.deepEqual(
    parseDiskSpace(bytes(`${header}tmpfs 1000 1010 -10 101% /mnt\n`)),
    { totalBytes: 1_024_000, freeBytes: 0 },
  );
  assert.deepEqual(parseDiskSpace(bytes(`${header}proc 0 0 0 - /proc\n`)), {
    totalBytes: 0,
    freeBytes: 0,
  });
  assert.equal(parseDiskSpace(bytes(header)), undefined);
  assert.equal(parseDiskSpace(bytes("")), undefined);
});
