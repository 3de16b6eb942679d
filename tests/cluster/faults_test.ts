/**
 * Every fault of `deno task faults` once, which shows that Sluice stands them and that they can be injected.
 */

import assert from "node:assert/strict";
import { FAULTS, isClean, runFaults } from "../../scripts/faults/mod.ts";
import type { FaultResult } from "../../scripts/faults/mod.ts";
import { CUTS_WITHIN_PACKETS } from "./support/cuts.ts";

/** Nothing else runs beside this: of what slurmctld has not saved when it is killed, Slurm itself loses jobs. */
const APART: readonly string[] = ["slurmctld"];
/** What befalls the cluster, and so those that break something of their own meanwhile as well. */
const OF_THE_CLUSTER: readonly string[] = ["slurmdbd", "sshd", "node-link", "requeue"];
const OTHERS: readonly string[] = FAULTS.map(({ name }) => name)
  .filter((name) => !APART.includes(name) && !OF_THE_CLUSTER.includes(name));

Deno.test({
  name: "whatever breaks, each job runs once, ends as it must, and every event comes once",
  ...CUTS_WITHIN_PACKETS,
  fn: async () => {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
    console.log(`faults by seed ${seed}`);
    const said: string[] = [];
    const results: FaultResult[] = [];
    const run = async (faults: readonly string[]) => {
      const directory = await Deno.makeTempDir({ prefix: "sluice-faults-" });
      const totals = await runFaults({ seed, rounds: 1, faults }, {
        directory,
        progress: (line) => said.push(line),
        signal: new AbortController().signal,
        onResult: (result) => results.push(result),
      });
      await Deno.remove(directory, { recursive: true });
      return totals;
    };
    const alone = await run(APART);
    // Neither is left at work where the other fails.
    const together = await Promise.allSettled([run(OF_THE_CLUSTER), run(OTHERS)]);
    const totals = [
      alone,
      ...together.map((outcome) => {
        if (outcome.status === "rejected") throw outcome.reason;
        return outcome.value;
      }),
    ];
    const told = `seed ${seed}:\n${said.join("\n")}`;
    assert.deepEqual(results.filter((result) => !isClean(result)), [], told);
    assert.deepEqual(
      results.map(({ fault }) => fault).sort(),
      FAULTS.map(({ name }) => name).sort(),
    );
    assert.ok(totals.every(({ crashes }) => crashes === 0), told);
    assert.ok(totals.some(({ cuts }) => cuts > 0) && totals.some(({ kills }) => kills > 0), told);
  },
});
