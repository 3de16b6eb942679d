/**
 * A job of Spark one of whose nodes is lost while it runs.
 */

import assert from "node:assert/strict";
import { allGone, loseNode } from "./support/nodes.ts";
import { ended, sparkBench, WAIT } from "./support/spark.ts";
import { jobSpec, Workspace } from "./support/workspace.ts";

Deno.test("a job of Spark that may lose a node does its work on the others", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const { job, come, meet } = await sparkBench(workspace);
  const { id } = await sluice.jobs.submit(
    jobSpec(job(WAIT, ["3"], ["n2", "n3", "n4"], { options: { "no-kill": true } })),
  );
  for (const node of ["n2", "n3", "n4"]) await come(node);
  {
    await using _lost = await loseNode("n4");
    await meet("on");
    const hosts: unknown = JSON.parse(await ended(sluice, id, "succeeded", 0));
    // What was done on the others stays theirs, and the lost part is done anew on one of them.
    assert.ok(Array.isArray(hosts));
    assert.equal(hosts.length, 3);
    assert.deepEqual(new Set(hosts), new Set(["n2", "n3"]));
  }
  // What the node that was lost had on its disk, nobody could clear away.
  await allGone(workspace);
});
