import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { hasAccounting, parseShowConfig } from "./scontrol.ts";
import { testdata } from "./testing/captured.ts";

Deno.test("a real configuration is read", () => {
  const config = parseShowConfig(testdata("scontrol-config.txt"));
  deepEqual(config, {
    version: "22.05.8",
    clusterName: "dev",
    controllers: ["ctl(10.77.0.1)"],
    minJobAgeSeconds: 60,
    accountingStorageType: "accounting_storage/slurmdbd",
    maxArraySize: 20_001,
    maxJobCount: 30_000,
    killWaitSeconds: 5,
    upSeconds: 574,
  });
  ok(hasAccounting(config));
});

Deno.test("a cluster without accounting is known as such", () => {
  for (const value of ["accounting_storage/none", "(null)", "", "accounting_storage/filetxt"]) {
    ok(!hasAccounting(parseShowConfig(`AccountingStorageType   = ${value}\n`)), value);
  }
});

Deno.test("how long slurmctld has been running is known where times are in seconds", () => {
  const shown = (asOf: string, since: string) =>
    parseShowConfig(`Configuration data as of ${asOf}\nBOOT_TIME               = ${since}\n`);
  equal(shown("1795216575", "1795216511").upSeconds, 64);
  for (
    const [asOf, since] of [
      ["2026-11-20T23:16:15", "2026-11-20T23:15:11"],
      ["1795216511", "1795216575"],
      ["1795216575", "(null)"],
    ] as const
  ) equal(shown(asOf, since).upSeconds, undefined, `${asOf} ${since}`);
});

Deno.test("nothing is made of output that is no configuration", () => {
  deepEqual(parseShowConfig("MinJobAge = soon\nMaxArraySize\n"), { controllers: [] });
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    parseShowConfig(bytes);
  }));
});
