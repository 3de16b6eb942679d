/**
 * What becomes of a real Ray program that loses a node.
 */

import assert from "node:assert/strict";
import { loseNode } from "./support/nodes.ts";
import { ended, PRELUDE, rayBench } from "./support/ray.ts";
import { jobSpec, Workspace } from "./support/workspace.ts";

/** A task on every node, which waits for word; one whose node is lost meanwhile runs again on another. */
const WAIT = `${PRELUDE}
@ray.remote(num_cpus=1, max_retries=-1)
def wait(index):
    come(socket.gethostname())
    meet("on")
    return socket.gethostname()

print(json.dumps(sorted(set(ray.get([wait.remote(index) for index in range(nodes)])))))
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
    assert.deepEqual([view.phase, view.state], ["node_failed", "NODE_FAIL"]);
  }
  await clean();
});

Deno.test("a job of Ray that may lose a node does its work on the others", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const { job, come, clean } = await rayBench(workspace);
  const { id } = await sluice.jobs.submit(
    jobSpec({ ...job(`${WAIT}`, [], ["n2", "n3"]), options: { "no-kill": true } }),
  );
  await come("n2");
  await come("n3");
  {
    await using _lost = await loseNode("n3");
    await workspace.file("meeting").read();
    assert.deepEqual(JSON.parse(await ended(sluice, id, "succeeded", 0)), ["n2"]);
  }
  await clean();
});
