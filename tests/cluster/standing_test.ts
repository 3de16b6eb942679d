/**
 * Ray clusters that stand in a session for its steps.
 */

import assert from "node:assert/strict";
import { z } from "zod";
import { ended, PRELUDE, rayBench } from "./support/ray.ts";
import { allGone } from "./support/nodes.ts";
import { DEV, jobSpec, Workspace } from "./support/workspace.ts";

/** Runs a task on every node, and says on which hosts they were, and of which cluster. */
const WHERE = `${PRELUDE}
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

def on(node):
    return where.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False))

@ray.remote(num_cpus=1)
def where():
    return socket.gethostname()

alive = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
hosts = sorted(set(ray.get([on(node).remote() for node in alive])))
print(json.dumps({"hosts": hosts, "address": ray.get_runtime_context().gcs_address}))
`;

const report = z.strictObject({ hosts: z.array(z.string()), address: z.string() });

Deno.test("steps of a session share the Ray that the first of them had stand, and it is gone with the session", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open({ poll: { minSeconds: 0.5, maxSeconds: 2 } });
  const { job } = await rayBench(workspace);
  const { id: session } = await sluice.sessions.open({
    cluster: DEV,
    resources: { nodes: 2, cpusPerTask: 1, memory: "3000M", time: 15 },
    idleSeconds: 5,
  });
  const { launcher, resources: { nodeList: _, ...resources } = {}, ...rest } = job(WHERE, [], [
    "a",
    "b",
  ]);
  assert.ok(launcher?.kind === "ray");
  const step = jobSpec({
    ...rest,
    resources,
    session,
    launcher: { ...launcher, dashboard: true, reuse: { tolerance: 0 } },
  });
  const [one, two] = await sluice.jobs.submitMany([step, step]);
  assert.ok(one?.standing !== undefined);
  assert.equal(two?.standing, one.standing);
  const outputs: z.infer<typeof report>[] = [];
  for (const { id } of [one, two]) {
    outputs.push(report.parse(JSON.parse(await ended(sluice, id, "succeeded", 0))));
  }
  assert.equal(outputs[0]?.hosts.length, 2);
  assert.equal(outputs[0]?.address, outputs[1]?.address);
  const view = await sluice.sessions.get(session);
  assert.equal(view.clusters.length, 1);
  assert.equal(view.clusters[0]?.address, outputs[0]?.address);
  assert.match(view.clusters[0]?.tunnel ?? "", /^ssh -N -L \d+:10\.77\.0\.1\d:\d+ /);
  const three = await sluice.jobs.submit(step);
  assert.equal(three.standing, one.standing);
  const last = report.parse(JSON.parse(await ended(sluice, three.id, "succeeded", 0)));
  assert.equal(last.address, outputs[0]?.address);
  for await (const _ of sluice.sessions.events(session));
  assert.equal((await sluice.sessions.get(session)).closeReason, "idle");
  assert.equal((await sluice.jobs.get(one.standing)).phase, "cancelled");
  await allGone(workspace);
});
