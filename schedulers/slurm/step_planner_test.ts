import assert from "node:assert/strict";
import { attemptId, jobSpecSchema, newJobId, sessionOfAllocation } from "../../model/mod.ts";
import type { JobSpecInput } from "../../model/mod.ts";
import { remoteLayout } from "../layout.ts";
import { SlurmPlanner } from "./planner.ts";

const planner = new SlurmPlanner({
  layout: remoteLayout("/root", "server"),
  serverId: "server",
  defaults: {},
});
const session = sessionOfAllocation(newJobId());
const standing = newJobId();

function spec(input: Partial<JobSpecInput>) {
  return jobSpecSchema.parse({
    cluster: "dev",
    payload: { kind: "command", command: ["true"] },
    ...input,
  });
}

/** What is put into the session for a step. */
function entry(input: Partial<JobSpecInput>, on?: typeof standing): string {
  return planner.planStep(attemptId(newJobId(), 1), spec(input), session, on).entry;
}

const large = { resources: { nodes: 3, cpusPerTask: 8, memory: "4G", gpusPerNode: 2, time: 5 } };

Deno.test("a step that runs on a cluster which stands shares its place, and asks for one processor", () => {
  const own = entry(large);
  assert.match(own, /sluice_nodes=3 sluice_cpus=8/);
  assert.doesNotMatch(own, /--overlap/);
  const driver = entry(large, standing);
  assert.match(driver, /sluice_nodes=1 sluice_cpus=1/);
  assert.match(driver, /--overlap/);
  assert.match(driver, /--mem=0/);
  assert.match(driver, /--gres=none/);
  assert.match(driver, /--time=5/);
  assert.match(
    driver,
    new RegExp(`^# on the cluster ${standing}$`, "m"),
    "it waits for the cluster",
  );
  const stands = entry({ ...large, payload: { kind: "cluster" }, launcher: { kind: "ray" } });
  assert.match(stands, /^# stands$/m, "it takes no place");
  for (const other of [own, driver]) assert.doesNotMatch(other, /^# stands$/m);
});

Deno.test("a preview of a step shows what is put into its session, and not what sbatch would get", () => {
  const shown = planner.preview(newJobId(), spec(large), { session });
  assert.match(shown.commandLine, /^sluice_step\(\) \{/);
  assert.doesNotMatch(shown.commandLine, /sbatch/);
  assert.match(shown.script, new RegExp(`sluice_id=step:${session}`));
  assert.throws(
    () => planner.preview(newJobId(), spec({ resources: { begin: "now+1hour" } }), { session }),
    { code: "NOT_FOR_STEPS" },
  );
});

Deno.test("the defaults of the call that submits a step say what it needs of its session", () => {
  const defaults = { nodes: 2, memory: "1G", partition: "gpu" };
  const own = entry({ defaults, resources: { memoryPerCpu: "2G" } });
  assert.match(own, /sluice_nodes=2/);
  assert.match(own, /--mem-per-cpu=2G/);
  assert.doesNotMatch(own, /--mem=|partition/);
  assert.match(entry({ ...large, defaults }, standing), /sluice_nodes=1 .*/);
});

Deno.test("what the lines of a script ask for counts in a step too, unless the job says otherwise", () => {
  const script = [
    "#!/bin/sh",
    "#SBATCH -N 2 --cpus-per-task=4 --mem=2G",
    "#SBATCH -t 10 --gres=gpu:1 --partition=gpu --mail-type=END --hint=nomultithread",
    "true",
    "",
  ].join("\n");
  const payload = { kind: "script" as const, script };
  const asked = entry({ payload });
  assert.match(asked, /sluice_nodes=2 sluice_cpus=4/);
  assert.match(asked, /--mem=2G' '--gpus-per-node=1' '--time=10' '--hint=nomultithread'/);
  assert.doesNotMatch(asked, /partition|mail/);
  const other = entry({ payload, resources: { nodes: 1, memoryPerCpu: 100, gpus: 2 } });
  assert.match(other, /sluice_nodes=1 sluice_cpus=4/);
  assert.match(other, /--mem-per-cpu=100/);
  const odd = { kind: "script" as const, script: "#!/bin/sh\n#SBATCH --ntasks=many\n" };
  assert.throws(() => entry({ payload: odd }), { code: "SCRIPT_DIRECTIVE" });
  const held = { kind: "script" as const, script: "#!/bin/sh\n#SBATCH --hold\n" };
  assert.throws(() => entry({ payload: held }), { code: "NOT_FOR_STEPS" });
});
