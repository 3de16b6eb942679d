import assert from "node:assert/strict";
import { checkPlatform, parsePlatforms, PLATFORMS_PROGRAM } from "./cluster_platforms.ts";
import { Workshop } from "./testing/workshop.ts";

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

/** What `scontrol show nodes --oneliner` of Slurm 22.05.8 printed, cut short, and for nodes of other kinds. */
const NODES = `
NodeName=n1 Arch=x86_64 CoresPerSocket=1  CPUAlloc=2 Gres=gpu:2 NodeAddr=10.77.0.11 OS=Linux 6.18.44 #1 SMP State=MIXED Owner=N/A MCS_label=N/A Partitions=debug  BootTime=2026-11-27T18:16:37 CfgTRES=cpu=8
NodeName=n2 Arch=x86_64 CoresPerSocket=1  CPUAlloc=0 Partitions=debug  BootTime=2026-11-27T18:16:37
NodeName=g1 Arch=aarch64 CoresPerSocket=1  CPUAlloc=0 Partitions=debug,grace  BootTime=2026-11-27T18:16:37
NodeName=down1 CoresPerSocket=1  CPUAlloc=0 State=DOWN Partitions=debug  BootTime=None
NodeName=idle1 Arch=ppc64le CoresPerSocket=1  State=IDLE BootTime=None
`;

Deno.test("each kind of node is told once, by its partitions", async () => {
  await using workshop = await Workshop.open();
  await workshop.write("nodes", NODES);
  const printed = await workshop.shell(
    `scontrol() { cat nodes; }; uname() { echo Linux x86_64; }\n${PLATFORMS_PROGRAM}`,
  );
  assert.deepEqual(parsePlatforms(printed).nodes, [
    { uname: "Linux aarch64", partitions: ["debug", "grace"] },
    { uname: "Linux x86_64", partitions: ["debug"] },
  ]);
});
