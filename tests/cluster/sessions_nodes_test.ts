/**
 * Sessions that lose one of their nodes.
 */

import assert from "node:assert/strict";
import type { Sluice } from "../../actors/mod.ts";
import { allocationJob } from "../../model/mod.ts";
import type { JobId, SessionId, SessionSpecInput } from "../../model/mod.ts";
import { onCluster } from "../../scripts/testbed/mod.ts";
import { Following } from "./support/events.ts";
import { allGone, loseNode } from "./support/nodes.ts";
import { until, within } from "./support/until.ts";
import { DEV, jobSpec, shellJob, Workspace } from "./support/workspace.ts";

const small = { cpusPerTask: 1, memory: 20 } as const;
const poll = { minSeconds: 0.5, maxSeconds: 2 };

function setNode(node: string, ...words: readonly string[]) {
  return onCluster(["scontrol", "update", `nodename=${node}`, ...words], { root: true });
}

/** Takes a node out of service, and puts it back at the end. */
async function down(node: string): Promise<AsyncDisposable> {
  const { code, stderr } = await setNode(node, "state=down", "reason=test");
  assert.equal(code, 0, stderr);
  return {
    async [Symbol.asyncDispose]() {
      // No error is where it has come back by itself.
      await setNode(node, "state=resume");
      await until(`${node} is back`, async () => {
        const { stdout } = await onCluster(["sinfo", "-h", "-n", node, "-o", "%T"], { root: true });
        return /^(idle|mixed|allocated)\s*$/m.test(stdout.split("\n")[0] ?? "");
      }, 200);
    },
  };
}

/** Opens a session on two nodes, and gives them, the first of them first. */
async function open(
  sluice: Sluice,
  terms: Partial<SessionSpecInput>,
): Promise<{ readonly session: SessionId; readonly nodes: readonly string[] }> {
  const { id } = await sluice.sessions.open({
    cluster: DEV,
    resources: { nodes: 2, cpusPerTask: 2, memory: 200, time: 20 },
    ...terms,
  });
  await until(
    "the session has its nodes",
    async () => (await sluice.sessions.get(id)).nodes.length === 2,
    100,
  );
  const { nodes } = await sluice.sessions.get(id);
  return { session: id, nodes };
}

/** A step that runs on one node until it is ended. */
async function sleeper(sluice: Sluice, session: SessionId, node: string): Promise<JobId> {
  const { id } = await sluice.jobs.submit(
    jobSpec(shellJob("sleep 600", { session, resources: { ...small, nodeList: node } })),
  );
  const begun = async () => {
    for await (const { fact } of sluice.jobs.events({ jobId: id })) {
      if (fact.type === "running") return;
    }
  };
  await within("the step runs", begun());
  return id;
}

Deno.test("a session goes on without a node that fails, which is named, and its steps are judged rightly", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open({ poll });
  const { session, nodes: [first = "", second = ""] } = await open(sluice, {});
  await using told = new Following((signal) => sluice.sessions.events(session, { signal }));
  const [here, there] = [
    await sleeper(sluice, session, first),
    await sleeper(sluice, session, second),
  ];
  {
    await using _ = await down(second);
    await told.until((events) => events.some(({ fact }) => fact.type === "node_failed"));
    const lost = await sluice.jobs.wait(there);
    assert.equal(lost.phase, "failed");
    assert.equal(lost.state, "NODE_FAIL");
    const view = await sluice.sessions.get(session);
    assert.equal(view.status, "open");
    assert.deepEqual(view.failedNodes.map(({ node }) => node), [second]);
    const more = await sluice.jobs.submit(
      jobSpec(shellJob("hostname", { session, resources: small })),
    );
    assert.equal((await sluice.jobs.wait(more.id)).phase, "succeeded");
    assert.equal((await sluice.jobs.get(here)).phase, "running");
  }
  await sluice.sessions.close(session, { drain: false });
  await told.until((events) => events.at(-1)?.fact.type === "ended");
  assert.equal((await sluice.jobs.wait(here)).phase, "cancelled");
  assert.equal((await sluice.sessions.get(session)).closeReason, "asked");
});

Deno.test("a session that is to end with a node ends when one fails", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open({ poll });
  const { session, nodes: [first = "", second = ""] } = await open(sluice, {
    onNodeFailure: "end",
  });
  await using told = new Following((signal) => sluice.sessions.events(session, { signal }));
  const here = await sleeper(sluice, session, first);
  await using _ = await down(second);
  await told.until((events) => events.at(-1)?.fact.type === "ended");
  const view = await sluice.sessions.get(session);
  assert.equal(view.closeReason, "node_failure");
  const ended = await sluice.jobs.wait(here);
  assert.ok(["cancelled", "failed"].includes(ended.phase), JSON.stringify(ended));
});

Deno.test("with its first node a session ends, and nothing of it is left", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open({ poll });
  const { session, nodes: [first = "", second = ""] } = await open(sluice, {});
  const steps = [
    await sleeper(sluice, session, first),
    await sleeper(sluice, session, second),
  ];
  {
    await using _ = await loseNode(first);
    for (const step of steps) {
      const { phase } = await within("a step ends", sluice.jobs.wait(step));
      assert.ok(phase === "failed" || phase === "cancelled", phase);
    }
    const allocation = await within("the session ends", sluice.jobs.wait(allocationJob(session)));
    assert.deepEqual([allocation.phase, allocation.state], ["failed", "NODE_FAIL"]);
    assert.equal((await sluice.sessions.get(session)).closeReason, "node_failure");
  }
  await allGone(workspace);
});
