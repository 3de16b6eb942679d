/**
 * Real Ray programs, through Sluice, across the nodes of the test cluster.
 */

import assert from "node:assert/strict";
import { z } from "zod";
import { Sluice } from "../../actors/mod.ts";
import { clusterConfigSchema } from "../../model/mod.ts";
import { onCluster } from "../../scripts/testbed/mod.ts";
import { readAll } from "./support/output.ts";
import { ended, PRELUDE, rayBench } from "./support/ray.ts";
import { until } from "./support/until.ts";
import { DEV, jobSpec, Workspace } from "./support/workspace.ts";

const NODES = ["n1", "n2", "n3", "n4"];

/**
 * A task on every node, for all of which to run each needs a node of its own; then all wait for the other job,
 * and the program ends with a status of its own.
 */
const EVERYWHERE = `${PRELUDE}
own, other, status = sys.argv[1], sys.argv[2], int(sys.argv[3])

@ray.remote(num_cpus=1)
def where(index):
    come(own + str(index))
    for each in range(nodes):
        meet(own + str(each))
        meet(other + str(each))
    return socket.gethostname()

hosts = sorted(ray.get([where.remote(index) for index in range(nodes)]))
print(json.dumps({"hosts": hosts, "address": ray.get_runtime_context().gcs_address}))
sys.exit(status)
`;

/** A task on every node, none of which ends. */
const WAIT = `${PRELUDE}
@ray.remote(num_cpus=1)
def wait(index):
    come(str(index))
    meet("never")

ray.get([wait.remote(index) for index in range(nodes)])
`;

/** A task, wherever it may run. */
const ONCE = `${PRELUDE}
@ray.remote
def where():
    return ray.get_runtime_context().gcs_address

print(ray.get(where.remote()))
`;

const report = z.strictObject({ hosts: z.array(z.string()), address: z.string() });

Deno.test("two jobs of Ray on the same nodes run a task on each, do not meet, and keep their exit codes", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const { job, clean } = await rayBench(workspace);
  const [right, failing] = [
    await sluice.jobs.submit(jobSpec(job(EVERYWHERE, ["a", "b", "0"], NODES))),
    await sluice.jobs.submit(jobSpec(job(EVERYWHERE, ["b", "a", "3"], NODES))),
  ];
  const reports = [
    await ended(sluice, right.id, "succeeded", 0),
    await ended(sluice, failing.id, "failed", 3),
  ].map((output) => report.parse(JSON.parse(output)));
  for (const { hosts } of reports) assert.deepEqual(hosts, NODES);
  assert.equal(new Set(reports.map(({ address }) => address)).size, 2, "each had its own Ray");
  const logs = (await workspace.remoteFiles()).filter((path) => path.endsWith("/raylet.out"));
  assert.equal(logs.length, 2 * NODES.length, "the logs are kept");
  await clean();
});

Deno.test("a cluster of Ray says where it and its dashboard are, and is gone when it is cancelled", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const { job, clean } = await rayBench(workspace);
  const { launcher, ...rest } = job("", [], ["n1", "n2"]);
  assert.ok(launcher?.kind === "ray");
  const { id } = await sluice.jobs.submit(jobSpec({
    ...rest,
    payload: { kind: "cluster" },
    launcher: { ...launcher, dashboard: true },
  }));
  const path = async () =>
    (await workspace.remoteFiles()).find((path) => path.endsWith("/cluster"));
  await until("the cluster is up", async () => await path() !== undefined, 200);
  const { stdout } = await onCluster(["cat", await path() ?? ""]);
  const told = /^framework=ray\naddress=10\.77\.0\.11:\d+\ndashboard=(10\.77\.0\.11:\d+)\n$/.exec(
    stdout,
  );
  assert.ok(told?.[1] !== undefined, stdout);
  const page = await fetch(`http://${told[1]}/`);
  assert.match(await page.text(), /ray/i);
  const stranger = await fetch(`http://${told[1]}/api/cluster_status`);
  assert.equal(stranger.status, 401, await stranger.text());
  const secret = await onCluster(["stat", "-c", "%a", `${await path()}_secret`]);
  assert.equal(secret.stdout, "600\n", "nobody else can read what the cluster asks for");
  await sluice.jobs.cancel(id);
  assert.equal((await sluice.jobs.wait(id)).phase, "cancelled");
  await clean();
  assert.equal(await path(), undefined, "what is not there is not told of");
});

Deno.test("a job of Ray that is cancelled leaves nothing on its nodes", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const { job, come, clean } = await rayBench(workspace);
  const { id } = await sluice.jobs.submit(jobSpec(job(WAIT, [], ["n1", "n2"])));
  await come("0");
  await come("1");
  await sluice.jobs.cancel(id);
  assert.equal((await sluice.jobs.wait(id)).phase, "cancelled");
  await clean();
});

Deno.test("on a host without a scheduler Ray runs there, and another job finds it by its address", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await Sluice.open({
    config: {
      dataDirectory: workspace.dataDirectory,
      clusters: {
        [DEV]: clusterConfigSchema.parse({
          type: "local",
          remoteDirectory: workspace.remoteDirectory,
        }),
      },
    },
  });
  const { job, clean } = await rayBench(workspace);
  const { resources: _, ...local } = job(ONCE, [], []);
  const cluster = await sluice.jobs.submit(jobSpec({ ...local, payload: { kind: "cluster" } }));
  const { directory } = await sluice.jobs.get(cluster.id);
  const told = async () => {
    const { stdout } = await onCluster(["cat", `${directory}/cluster`], { root: true });
    return /^address=(127\.0\.0\.1:\d+)$/m.exec(stdout)?.[1];
  };
  {
    // Nobody else ends a process of this machine where the test fails.
    await using _standing = {
      async [Symbol.asyncDispose]() {
        await sluice.jobs.cancel(cluster.id);
        await sluice.jobs.wait(cluster.id);
      },
    };
    await until("Ray is up", async () => await told() !== undefined, 200);
    const { id } = await sluice.jobs.submit(jobSpec({
      ...local,
      launcher: { kind: "ray", address: await told() },
      environment: {
        ...local.environment,
        RAY_AUTH_MODE: "token",
        RAY_AUTH_TOKEN_PATH: `${directory}/cluster_secret`,
      },
    }));
    // Ray says which address a loopback one stands for, so only the port is the same.
    const port = (address: string | undefined) => address?.trimEnd().split(":").at(-1);
    assert.equal(port(await ended(sluice, id, "succeeded", 0)), port(await told()));
  }
  assert.equal((await sluice.jobs.get(cluster.id)).phase, "cancelled");
  const { id: late } = await sluice.jobs.submit(jobSpec({
    ...local,
    launcher: { kind: "ray", address: "127.0.0.1:9", headTimeoutSeconds: 1 },
  }));
  await ended(sluice, late, "failed", 68);
  await clean();
});

Deno.test("a job of Ray says so where there is none", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const { job, clean } = await rayBench(workspace);
  const { environment: _, ...without } = job(ONCE, [], ["n1", "n2"]);
  const { id } = await sluice.jobs.submit(jobSpec(without));
  await ended(sluice, id, "failed", 69);
  const said = await readAll(sluice.jobs.logs({ jobId: id, stream: "stderr", follow: false }));
  assert.match(new TextDecoder().decode(said), /^sluice: ray: there is no `ray` on PATH/);
  await clean();
});
