import assert from "node:assert/strict";
import { attemptId, jobIdSchema, jobSpecSchema } from "../model/mod.ts";
import type { JobSpecInput } from "../model/mod.ts";
import { componentFiles, launch, scriptTerms } from "./mod.ts";
import type { PlannedComponent } from "./mod.ts";
import { goldenScripts } from "./testing/golden.ts";

const jobId = jobIdSchema.parse("01890a5d-ac96-774b-bcce-b302099a8057");

function planned(input: Omit<JobSpecInput, "cluster">): PlannedComponent {
  const spec = jobSpecSchema.parse({ cluster: "here", ...input });
  return {
    terms: scriptTerms(spec, spec.name),
    resources: spec.resources,
    plan: launch(spec, { kind: "allocation" }),
  };
}

const files = componentFiles(attemptId(jobId, 2), [
  planned({ payload: { kind: "command", command: ["./prepare"] }, resources: { memory: "1G" } }),
  planned({
    payload: { kind: "script", script: "#!/bin/bash\n#SBATCH --mem=2G\nsrun ./simulate\n" },
    resources: { nodes: 2, tasksPerNode: 4, gpusPerNode: 1 },
    workingDirectory: "/data/it's here",
  }),
]);

function text(name: string): string {
  const file = files.find((one) => one.name === name);
  assert.ok(file, name);
  return file.text;
}

goldenScripts("components", {
  "batch": () => text("job.sh"),
  "first-job": () => text("component-0/job.sh"),
  "first-step": () => text("component-0/step.sh"),
  "second-job": () => text("component-1/job.sh"),
  "second-step": () => text("component-1/step.sh"),
  "srun": () => text("component-1/bin/srun"),
});
