import assert from "node:assert/strict";
import { attemptId, jobIdSchema, jobSpecSchema } from "../model/mod.ts";
import type { JobSpec, JobSpecInput } from "../model/mod.ts";
import { jobScript, launch, PayloadNotLaunchableError, peersScript } from "./mod.ts";
import type { LaunchPlace } from "./mod.ts";
import { goldenScripts } from "./testing/golden.ts";

const jobId = jobIdSchema.parse("01890a5d-ac96-774b-bcce-b302099a8057");
const SCRIPT = "#!/usr/bin/env python3\nimport ray\nray.init()\n";

interface Case extends Omit<JobSpecInput, "cluster" | "launcher"> {
  /** The launcher's options. Default: none. */
  readonly ray?: Readonly<Record<string, unknown>>;
  /** Default: an allocation. */
  readonly place?: LaunchPlace;
}

function specOf({ ray = {}, place: _, ...input }: Case): JobSpec {
  return jobSpecSchema.parse({ cluster: "here", launcher: { kind: "ray", ...ray }, ...input });
}

function planOf(input: Case) {
  return launch(specOf(input), input.place ?? { kind: "allocation" });
}

/** One job for each shape that the script can take, by the name of its golden file. */
const cases = {
  "allocation": { payload: { kind: "script", script: SCRIPT, arguments: ["it's", "a file"] } },
  "command": {
    payload: { kind: "command", command: ["python3", "train.py"] },
    environment: { RAY_DEDUP_LOGS: "0", GREETING: "it's\n$HOME" },
  },
  "options": {
    payload: { kind: "command", command: ["python3", "train.py"] },
    ray: {
      port: 6379,
      cpusPerNode: 4,
      gpusPerNode: 0,
      objectStoreMemory: "2G",
      headTimeoutSeconds: 30,
      workersTimeoutSeconds: 60,
      graceSeconds: 5,
      dashboardPort: 8265,
      headArguments: ["--include-log-monitor=false"],
      workerArguments: ["--resources", '{"it\'s": 1}'],
    },
  },
  "cluster": { payload: { kind: "cluster" } },
  "local": { payload: { kind: "script", script: SCRIPT }, place: { kind: "host" } },
  "connect": {
    payload: { kind: "script", script: SCRIPT },
    ray: { address: "[fd00::11]:6379" },
  },
  "standing": {
    payload: { kind: "script", script: SCRIPT },
    place: { kind: "allocation", standing: { directory: "../it's there" } },
  },
} satisfies Readonly<Record<string, Case>>;

goldenScripts("ray", {
  ...Object.fromEntries(
    Object.entries(cases).map(([name, input]) => [
      name,
      () => jobScript(attemptId(jobId, 1), specOf(input), planOf(input)),
    ]),
  ),
  "peers": () => peersScript(specOf(cases.command), planOf(cases.command).peers ?? []),
});

Deno.test("only where nodes are given to a job does Ray run on others than the first", () => {
  const withPeers = Object.entries(cases).filter(([, input]) => planOf(input).peers !== undefined);
  assert.deepEqual(withPeers.map(([name]) => name), [
    "allocation",
    "command",
    "options",
    "cluster",
  ]);
});

Deno.test("a session is not Ray's to open", () => {
  assert.throws(
    () => planOf({ payload: { kind: "allocation" } }),
    PayloadNotLaunchableError,
  );
});
