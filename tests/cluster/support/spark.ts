/**
 * Jobs of Spark on the test cluster: what they need, what they leave, and programs that meet each other.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Sluice } from "../../../actors/mod.ts";
import type { JobId, JobPhase } from "../../../model/mod.ts";
import { ensurePackages, onCluster } from "../../../scripts/testbed/mod.ts";
import { allGone } from "./nodes.ts";
import { readAll } from "./output.ts";
import { pythonEnvironment } from "./python.ts";
import { until } from "./until.ts";
import type { JobInput, Workspace } from "./workspace.ts";

/** The release that is tested: of those for Java 17 and Python 3.11 the one that takes the least room. */
const PYSPARK = "pyspark==3.5.9";

/** Has every JVM start quickly rather than pay for speed later. */
const QUICK_JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC";

/** The first lines of every program: \`meet(name, others)\` waits until all have come as far. */
export const PRELUDE = `#!/usr/bin/env python3
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

/** One task for each executor, which says where it is and waits. */
export const WAIT = `${PRELUDE}
def wait(_):
    come(socket.gethostname())
    meet("on")
    return socket.gethostname()

count = int(sys.argv[1])
print(json.dumps(sorted(context.parallelize(range(count), count).map(wait).collect())))
`;

/** What the jobs of a test need, and what they leave. */
export interface SparkBench {
  /** A job of Spark on the nodes, with an executor of one core on each. */
  job(
    script: string,
    words: readonly string[],
    nodes: readonly string[],
    rest?: Partial<JobInput>,
  ): JobInput;
  /** Waits until somebody has come to the meeting. */
  come(name: string): Promise<void>;
  /** Comes to the meeting. */
  meet(name: string): Promise<void>;
  /** Waits until nothing of any job is left on any node. */
  clean(): Promise<void>;
}

export async function sparkBench(workspace: Workspace): Promise<SparkBench> {
  await ensurePackages(() => {}, [{ program: "java", package: "openjdk-17-jre-headless" }]);
  const python = await pythonEnvironment("spark", [PYSPARK]);
  const temporary = workspace.file("tmp").path;
  const meeting = workspace.file("meeting").path;
  assert.equal((await onCluster(["mkdir", "-p", temporary, meeting])).code, 0);
  return {
    job: (script, words, nodes, rest = {}) => ({
      payload: { kind: "script", script, arguments: [...words] },
      launcher: {
        kind: "spark",
        driverMemory: "512M",
        executorMemory: "512M",
        executorCores: 1,
        executors: nodes.length,
        // A worker that is silent for so many seconds is lost; by default for 60.
        conf: { "spark.ui.enabled": "false", "spark.worker.timeout": "20" },
      },
      resources: {
        nodes: nodes.length,
        nodeList: nodes.join(","),
        tasksPerNode: 1,
        memory: "1200M",
        time: 10,
      },
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
export async function ended(
  sluice: Sluice,
  id: JobId,
  phase: JobPhase,
  exitCode?: number,
): Promise<string> {
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
