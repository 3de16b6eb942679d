import assert from "node:assert/strict";
import { withSettings } from "./conditions.ts";
import { testbedLayout } from "./layout.ts";
import { slurmConf } from "./slurm_conf.ts";

const conf = slurmConf(testbedLayout("/srv/bed"));

Deno.test("other settings take the place of those that were there", () => {
  const lines = withSettings(conf, { MinJobAge: 2, AccountingStorageTRES: undefined }).split("\n");
  assert.deepEqual(lines.filter((line) => line.startsWith("MinJobAge")), ["MinJobAge=2"]);
  assert.ok(!lines.some((line) => line.startsWith("AccountingStorageTRES")));
  assert.equal(lines.length, conf.split("\n").length - 1);
});

Deno.test("settings whose names begin alike, nodes and partitions stay as they are", () => {
  const kept = withSettings(conf, { SlurmctldPort: 1 }).split("\n");
  const others = conf.split("\n").filter((line) => !line.startsWith("SlurmctldPort="));
  assert.deepEqual(kept.slice(1), others);
});
