/**
 * Ray clusters that stand in a session for its steps.
 */

import assert from "node:assert/strict";
import { z } from "zod";
import type { JobId } from "../../model/mod.ts";
import { ended, PRELUDE, rayBench } from "./support/ray.ts";
import { allGone } from "./support/nodes.ts";
import { DEV, jobSpec, Workspace } from "./support/workspace.ts";

/** Waits for the file that it is told of, then runs a task on every node, and says on which hosts they were, and of which cluster. */
const WHERE = `#!/usr/bin/env python3
import os, sys, time
while sys.argv[1:] and not os.path.exists(sys.argv[1]):
    time.sleep(0.05)
${PRELUDE}
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
  const step = (...words: readonly string[]) => {
    const { launcher, resources, ...rest } = job(WHERE, words, ["a", "b"]);
    assert.ok(launcher?.kind === "ray");
    const { nodeList: _, ...shape } = resources ?? {};
    return jobSpec({
      ...rest,
      resources: shape,
      session,
      launcher: { ...launcher, dashboard: true, reuse: { tolerance: 0 } },
    });
  };
  const [goOn, goLast] = [workspace.file("go-on").path, workspace.file("go-last").path];
  const [one, two] = await sluice.jobs.submitMany([step(), step(goOn)]);
  assert.ok(one?.standing !== undefined);
  assert.equal(two?.standing, one.standing);
  const said = async (id: JobId) =>
    report.parse(JSON.parse(await ended(sluice, id, "succeeded", 0)));
  const { address, hosts } = await said(one.id);
  assert.equal(hosts.length, 2);
  // One that comes later, and until whose turn nobody uses the Ray. Without it the session could be idle meanwhile.
  const three = await sluice.jobs.submit(step(goLast));
  assert.equal(three.standing, one.standing);
  await Deno.writeTextFile(goOn, "");
  assert.equal((await said(two.id)).address, address);
  const view = await sluice.sessions.get(session);
  assert.equal(view.clusters.length, 1);
  assert.equal(view.clusters[0]?.address, address);
  assert.match(view.clusters[0]?.tunnel ?? "", /^ssh -N -L \d+:10\.77\.0\.1\d:\d+ /);
  await Deno.writeTextFile(goLast, "");
  assert.equal((await said(three.id)).address, address);
  for await (const _ of sluice.sessions.events(session));
  assert.equal((await sluice.sessions.get(session)).closeReason, "idle");
  assert.equal((await sluice.jobs.get(one.standing)).phase, "cancelled");
  await allGone(workspace);
});
