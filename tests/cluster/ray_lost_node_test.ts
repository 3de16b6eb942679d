/**
 * What becomes of a real Ray program that loses a node.
 */

import assert from "node:assert/strict";
import { loseNode } from "./support/nodes.ts";
import { PRELUDE, rayBench } from "./support/ray.ts";
import { jobSpec, Workspace } from "./support/workspace.ts";

/** A task on every node, none of which ends; one whose node is lost meanwhile is to run again on another. */
const WAIT = `${PRELUDE}
@ray.remote(num_cpus=1, max_retries=-1)
def wait(index):
    come(socket.gethostname())
    meet("never")

ray.get([wait.remote(index) for index in range(nodes)])
`;

Deno.test("a job of Ray that loses a node fails for that, and leaves nothing on any", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const { job, come, clean } = await rayBench(workspace);
  const { id } = await sluice.jobs.submit(
    jobSpec({ ...job(WAIT, [], ["n2", "n3"]), options: { "no-requeue": true } }),
  );
  await come("n2");
  await come("n3");
  {
    await using _lost = await loseNode("n3");
    const view = await sluice.jobs.wait(id);
    assert.deepEqual([view.phase, view.reason?.code], ["failed", "NODE_FAIL"]);
  }
  await clean();
});
