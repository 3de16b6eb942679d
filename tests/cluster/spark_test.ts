/**
 * Real Spark jobs, through Sluice, across the nodes of the test cluster.
 */

import assert from "node:assert/strict";
import { z } from "zod";
import { ended, PRELUDE, sparkBench, WAIT } from "./support/spark.ts";
import { jobSpec, Workspace } from "./support/workspace.ts";

/** Counts words, for which all executors must be there at the same time, then ends with a status of its own. */
const COUNT_WORDS = `${PRELUDE}
own, other, status = sys.argv[1], sys.argv[2], int(sys.argv[3])

def words(lines):
    come(own)
    meet(other)
    return [((socket.gethostname(), word), 1) for line in lines for word in line.split()]

lines = context.parallelize(["to be or", "not to be"] * 100, 2)
counted = lines.barrier().mapPartitions(words).reduceByKey(add).collect()
counts = {}
for (_, word), count in counted:
    counts[word] = counts.get(word, 0) + count
hosts = sorted({host for (host, _), _ in counted})
master = spark.conf.get("spark.master")
print(json.dumps({"counts": counts, "hosts": hosts, "master": master}, sort_keys=True))
sys.exit(status)
`;

const report = z.strictObject({
  counts: z.record(z.string(), z.int()),
  hosts: z.array(z.string()),
  master: z.string(),
});

Deno.test("two jobs of Spark on the same nodes count words there, do not meet, and keep their exit codes", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const { job, clean } = await sparkBench(workspace);
  // Each waits in its executors until the other has come as far, so they run at the same time.
  const [right, failing] = [
    await sluice.jobs.submit(jobSpec(job(COUNT_WORDS, ["a", "b", "0"], ["n1", "n2"]))),
    await sluice.jobs.submit(jobSpec(job(COUNT_WORDS, ["b", "a", "3"], ["n1", "n2"]))),
  ];
  const outputs = [
    await ended(sluice, right.id, "succeeded", 0),
    await ended(sluice, failing.id, "failed", 3),
  ];
  const reports = outputs.map((output) => report.parse(JSON.parse(output)));
  for (const { counts, hosts } of reports) {
    assert.deepEqual(counts, { be: 200, not: 100, or: 100, to: 200 });
    assert.deepEqual(hosts, ["n1", "n2"]);
  }
  assert.equal(
    new Set(reports.map(({ master }) => master)).size,
    2,
    "each had a master of its own",
  );
  await clean();
});

Deno.test("a job of Spark that is cancelled leaves nothing on its nodes", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const { job, come, clean } = await sparkBench(workspace);
  const { id } = await sluice.jobs.submit(jobSpec(job(WAIT, ["2"], ["n1", "n2"])));
  await come("n1");
  await come("n2");
  await sluice.jobs.cancel(id);
  assert.equal((await sluice.jobs.wait(id)).phase, "cancelled");
  await clean();
});
