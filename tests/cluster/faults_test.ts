/**
 * Every fault of `deno task faults` once, which shows that Sluice stands them and that they can be injected.
 */

import assert from "node:assert/strict";
import { FAULTS, isClean, runFaults } from "../../scripts/faults/mod.ts";
import type { FaultResult } from "../../scripts/faults/mod.ts";
import { CUTS_WITHIN_PACKETS } from "./support/cuts.ts";

Deno.test({
  name: "whatever breaks, each job runs once, ends as it must, and every event comes once",
  ...CUTS_WITHIN_PACKETS,
  fn: async () => {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
    console.log(`faults by seed ${seed}`);
    const directory = await Deno.makeTempDir({ prefix: "sluice-faults-" });
    const said: string[] = [];
    const results: FaultResult[] = [];
    const totals = await runFaults({ seed, rounds: 1, faults: [] }, {
      directory,
      progress: (line) => said.push(line),
      signal: new AbortController().signal,
      onResult: (result) => results.push(result),
    });
    await Deno.remove(directory, { recursive: true });
    const told = `seed ${seed}:\n${said.join("\n")}`;
    assert.deepEqual(results.filter((result) => !isClean(result)), [], told);
    assert.deepEqual(
      results.map(({ fault }) => fault).sort(),
      FAULTS.map(({ name }) => name).sort(),
    );
    assert.equal(totals.crashes, 0, told);
    assert.ok(totals.cuts > 0 && totals.kills > 0, told);
  },
});
