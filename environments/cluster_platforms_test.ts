import assert from "node:assert/strict";
import { checkPlatform, parsePlatforms } from "./cluster_platforms.ts";

const mixed = parsePlatforms(
  "Linux x86_64\nnode aarch64 grace,all\nnode x86_64 debug,all\na line of a profile\n",
);

Deno.test("the machines of a cluster are known by partition", () => {
  assert.deepEqual(mixed, {
    login: "Linux x86_64",
    nodes: [
      { uname: "Linux aarch64", partitions: ["grace", "all"] },
      { uname: "Linux x86_64", partitions: ["debug", "all"] },
    ],
  });
});

Deno.test("an environment must fit a node of the partition, not the login node", () => {
  checkPlatform(mixed, "linux-aarch64", "grace");
  checkPlatform(mixed, "linux-aarch64", "debug,all");
  checkPlatform(mixed, "linux-aarch64", undefined);
  checkPlatform(mixed, "any", "debug");
  checkPlatform(mixed, undefined, "debug");
  assert.throws(
    () => checkPlatform(mixed, "linux-aarch64", "debug"),
    /^PlatformMismatchError: The environment is for linux-aarch64, and the partition debug has linux-x86_64\.$/,
  );
  assert.throws(
    () => checkPlatform(mixed, "linux-ppc64le", undefined),
    /and the cluster has linux-aarch64 and linux-x86_64\.$/,
  );
});

Deno.test("where no node tells, the machine that is reached stands for them", () => {
  const plain = parsePlatforms("Darwin arm64\n");
  assert.throws(
    () => checkPlatform(plain, "linux-x86_64", "debug"),
    /and the cluster has Darwin arm64\.$/,
  );
  checkPlatform(parsePlatforms("Linux x86_64\nnode"), "linux-x86_64", "debug");
});
