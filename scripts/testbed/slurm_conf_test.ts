import assert from "node:assert/strict";
import { testbedLayout } from "./layout.ts";
import { cgroupConf, databaseInitSql, gresConf, slurmConf, slurmdbdConf } from "./slurm_conf.ts";

const layout = testbedLayout("/srv/bed");

function settingsOf(text: string): Map<string, string> {
  return new Map(
    text.split("\n").filter((line) => line.includes("=") && !/^(Node|Partition)Name=/.test(line))
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

Deno.test("slurm.conf gives each setting once and keeps all files in the state directory", () => {
  const lines = slurmConf(layout).split("\n").filter((line) =>
    !/^(Node|Partition)Name=/.test(line)
  );
  const names = lines.filter((line) => line !== "").map((line) => line.split("=")[0]);
  assert.deepEqual(names, [...new Set(names)]);
  const settings = settingsOf(slurmConf(layout));
  assert.equal(settings.get("StateSaveLocation"), "/srv/bed/slurmctld");
  assert.equal(settings.get("SlurmdSpoolDir"), "/srv/bed/spool/%n");
  assert.equal(settings.get("AuthInfo"), "socket=/srv/bed/munge/munge.socket,cred_expire=10");
  assert.equal(settings.get("SlurmctldHost"), "ctl(10.77.0.1)");
});

Deno.test("slurm.conf has four nodes with GPUs and two partitions, the first the default", () => {
  const lines = slurmConf(layout).split("\n");
  assert.deepEqual(
    lines.filter((line) => line.startsWith("NodeName=")).at(0),
    [
      "NodeName=n1",
      "NodeAddr=10.77.0.11",
      "CPUs=8",
      "RealMemory=16000",
      "Gres=gpu:2",
      "State=UNKNOWN",
    ].join(" "),
  );
  assert.equal(lines.filter((line) => line.startsWith("NodeName=")).length, 4);
  assert.deepEqual(lines.filter((line) => line.startsWith("PartitionName=")), [
    "PartitionName=debug Nodes=n1,n2,n3,n4 MaxTime=INFINITE Default=YES State=UP",
    "PartitionName=gpu Nodes=n3,n4 MaxTime=60 Default=NO State=UP",
  ]);
});

Deno.test("gres.conf names two device files on every node", () => {
  assert.equal(
    gresConf(layout),
    [1, 2, 3, 4].map((n) => `NodeName=n${n} Name=gpu File=/srv/bed/dev/fakegpu[0-1]\n`).join(""),
  );
});

Deno.test("slurmdbd and slurm.conf agree on address and port", () => {
  const slurm = settingsOf(slurmConf(layout));
  const slurmdbd = settingsOf(slurmdbdConf(layout));
  assert.equal(slurm.get("AccountingStorageHost"), slurmdbd.get("DbdAddr"));
  assert.equal(slurm.get("AccountingStoragePort"), slurmdbd.get("DbdPort"));
  assert.equal(slurmdbd.get("AuthInfo"), "socket=/srv/bed/munge/munge.socket");
});

Deno.test("the database lets in only the system user slurm, without a password", () => {
  assert.match(databaseInitSql(), /'slurm'@'localhost' IDENTIFIED VIA unix_socket;/);
  assert.doesNotMatch(databaseInitSql(), /'%'|PASSWORD/);
});

Deno.test("cgroup.conf mounts nothing", () => {
  assert.equal(cgroupConf(), "CgroupAutomount=no\n");
});
