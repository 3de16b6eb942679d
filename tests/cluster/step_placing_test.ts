/**
 * Steps that are placed by programs that are cut off, killed and started side by side: each runs once.
 */

import assert from "node:assert/strict";
import type { Host } from "../../hosts/mod.ts";
import { SessionBench } from "./support/session_bench.ts";
import { jobSpec, shellJob } from "./support/workspace.ts";

/** The host, whose commands are changed before they run. */
function changing(host: Host, change: (command: string) => string): Host {
  return new Proxy(host, {
    get(target, name) {
      if (name === "run") {
        return (...[command, options]: Parameters<Host["run"]>) =>
          target.run(change(command), options);
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** How the program that places steps is started. */
const START = / \| timeout -k 5 \d+ sh$/;

Deno.test("steps run once each, however often the programs that place them are killed", async () => {
  await using bench = await SessionBench.open();
  const { id } = await bench.openSession({ nodes: 2, cpusPerTask: 4, memory: 500 });
  const submissions = Array.from(
    { length: 24 },
    () => bench.submission(jobSpec(shellJob("echo ran >>runs; sleep 0.2")), id),
  );
  const signal = AbortSignal.timeout(120_000);
  // Each a little later than the one before: somewhere between nothing and everything is done.
  for (let milliseconds = 2; milliseconds < 120; milliseconds += 6) {
    const cutting = changing(bench.host, (command) => {
      assert.match(command, START);
      return command.replace(START, ` | timeout -s KILL ${(milliseconds / 1000).toFixed(3)} sh`);
    });
    const outcomes = await bench.schedulerOver(cutting).submit(submissions, signal);
    assert.ok(outcomes.every(({ kind }) => kind !== "rejected"));
  }
  // And three side by side, of which none is.
  const thrice = changing(
    bench.host,
    (command) => `for n in 1 2; do (${command}) >/dev/null & done; ${command}; wait`,
  );
  const outcomes = await bench.schedulerOver(thrice).submit(submissions, signal);
  const handed = submissions.map((one) => bench.handed(one, outcomes));
  const ends = await bench.ends(handed);
  assert.deepEqual(ends.map(({ phase }) => phase), handed.map(() => "succeeded"));
  // And once more, now that they have ended.
  await bench.scheduler.submit(
    submissions.map((one) => ({ ...one, recheck: true })),
    AbortSignal.timeout(60_000),
  );
  await bench.until("nothing waits or runs", async () => {
    const [seen] = await bench.scheduler.inspect(
      [{ sessionId: id, nodes: [] }],
      AbortSignal.timeout(60_000),
    );
    return seen?.waiting === 0 && seen.running === 0;
  });
  for (const { jobId } of handed) {
    assert.equal(await bench.shell(`cat ${jobId}/runs ${jobId}/stderr`), "ran\n");
  }
  assert.equal(await bench.shell(`ls -A ${id}/inbox`), "", "no entry is left");
});
