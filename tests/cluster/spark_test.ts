/**
 * Real Spark jobs, through Sluice, across the nodes of the test cluster.
 */

import assert from "node:assert/strict";
import { z } from "zod";
import type { Sluice } from "../../actors/mod.ts";
import type { JobId } from "../../model/mod.ts";
import { ensurePackages, onCluster } from "../../scripts/testbed/mod.ts";
import { readAll } from "./support/output.ts";
import { allGone, loseNode } from "./support/nodes.ts";
import { pythonEnvironment } from "./support/python.ts";
import { until } from "./support/until.ts";
import { jobSpec, Workspace } from "./support/workspace.ts";
import type { JobInput } from "./support/workspace.ts";

/** The release that is tested: of those for Java 17 and Python 3.11 the one that takes the least room. */
const PYSPARK = "pyspark==3.5.9";

/** Has every JVM start quickly rather than pay for speed later. */
const QUICK_JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC";

/** The first lines of every program: \`meet(name, others)\` waits until all have come as far. */
const PRELUDE = `#!/usr/bin/env python3
import json, os, socket, sys, time
from operator import add
from pyspark.sql import SparkSession

def come(name):
    open(os.environ["MEETING"] + "/" + name, "w").close()

def meet(name):
    while not os.path.exists(os.environ["MEETING"] + "/" + name):
        time.sleep(0.1)

spark = SparkSession.builder.appName("test").getOrCreate()
context = spark.sparkContext
context.setLogLevel("WARN")
`;

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

/** One task for each executor, which says where it is and waits. */
const WAIT = `${PRELUDE}
def wait(_):
    come(socket.gethostname())
    meet("on")
    return socket.gethostname()

print(json.dumps(context.parallelize(range(2), 2).map(wait).collect()))
`;

/** What the jobs of a test need, and what they leave. */
interface Bench {
  readonly workspace: Workspace;
  readonly sluice: Sluice;
  /** A job of Spark on the nodes, with an executor of one core on each. */
  job(script: string, words: readonly string[], nodes: string, rest?: Partial<JobInput>): JobInput;
  /** Waits until somebody has come to the meeting. */
  come(name: string): Promise<void>;
  /** Comes to the meeting. */
  meet(name: string): Promise<void>;
  /** Waits until nothing of any job is left on any node. */
  clean(): Promise<void>;
}

async function bench(workspace: Workspace, sluice: Sluice): Promise<Bench> {
  await ensurePackages(() => {}, [{ program: "java", package: "openjdk-17-jre-headless" }]);
  const python = await pythonEnvironment("spark", [PYSPARK]);
  const temporary = workspace.file("tmp").path;
  const meeting = workspace.file("meeting").path;
  assert.equal((await onCluster(["mkdir", "-p", temporary, meeting])).code, 0);
  return {
    workspace,
    sluice,
    job: (script, words, nodes, rest = {}) => ({
      payload: { kind: "script", script, arguments: [...words] },
      launcher: {
        kind: "spark",
        driverMemory: "512M",
        executorMemory: "512M",
        executorCores: 1,
        executors: 2,
        conf: { "spark.ui.enabled": "false" },
      },
      resources: { nodes: 2, nodeList: nodes, tasksPerNode: 1, memory: "1200M", time: 10 },
      environment: {
        PATH: `${python}/bin:/usr/bin:/bin`,
        TMPDIR: temporary,
        MEETING: meeting,
        JDK_JAVA_OPTIONS: QUICK_JVM,
      },
      ...rest,
    }),
    async come(name) {
      const path = `${meeting}/${name}`;
      await until(
        `${name} has come`,
        async () => (await onCluster(["test", "-e", path])).code === 0,
        200,
      );
    },
    async meet(name) {
      assert.equal((await onCluster(["touch", `${meeting}/${name}`])).code, 0);
    },
    async clean() {
      await allGone(workspace);
      const { stdout } = await onCluster(["ls", "-A", temporary]);
      assert.equal(stdout, "", "nothing temporary is left");
    },
  };
}

/** How the job ended, with its output; fails with what it said where that is another end. */
async function ended(sluice: Sluice, id: JobId, phase: string, exitCode?: number): Promise<string> {
  const view = await sluice.jobs.wait(id);
  const [stdout, stderr] = await Promise.all(
    (["stdout", "stderr"] as const).map(async (stream) =>
      new TextDecoder().decode(
        await readAll(sluice.jobs.logs({ jobId: id, stream, follow: false })),
      )
    ),
  );
  assert.deepEqual([view.phase, view.exitCode], [phase, exitCode], `${stdout}\n${stderr}`);
  return stdout ?? "";
}

const report = z.strictObject({
  counts: z.record(z.string(), z.int()),
  hosts: z.array(z.string()),
  master: z.string(),
});

Deno.test("two jobs of Spark on the same nodes count words there, do not meet, and keep their exit codes", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const { job, clean } = await bench(workspace, sluice);
  // Each waits in its executors until the other has come as far, so they run at the same time.
  const [right, failing] = [
    await sluice.jobs.submit(jobSpec(job(COUNT_WORDS, ["a", "b", "0"], "n1,n2"))),
    await sluice.jobs.submit(jobSpec(job(COUNT_WORDS, ["b", "a", "3"], "n1,n2"))),
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
  const { job, come, clean } = await bench(workspace, sluice);
  const { id } = await sluice.jobs.submit(jobSpec(job(WAIT, [], "n1,n2")));
  await come("n1");
  await come("n2");
  await sluice.jobs.cancel(id);
  assert.equal((await sluice.jobs.wait(id)).phase, "cancelled");
  await clean();
});

Deno.test("a job of Spark that may lose a node does its work on the others", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const { job, come, meet, clean } = await bench(workspace, sluice);
  const { id } = await sluice.jobs.submit(
    jobSpec(job(WAIT, [], "n3,n4", { options: { "no-kill": true } })),
  );
  await come("n3");
  await come("n4");
  {
    await using _lost = await loseNode("n4");
    await meet("on");
    assert.deepEqual(JSON.parse(await ended(sluice, id, "succeeded", 0)), ["n3", "n3"]);
  }
  await clean();
});
