import { attemptId, jobIdSchema, jobSpecSchema } from "../model/mod.ts";
import type { AllocationTerms } from "../model/mod.ts";
import { jobScript, launch } from "./mod.ts";
import { goldenScripts } from "./testing/golden.ts";

const attempt = attemptId(jobIdSchema.parse("01890a5d-ac96-774b-bcce-b302099a8057"), 1);

function allocation(terms: Partial<AllocationTerms> = {}) {
  const spec = jobSpecSchema.parse({ cluster: "here", payload: { kind: "allocation", ...terms } });
  const plan = launch(spec, { kind: "allocation" });
  const file = (wanted: string) => () =>
    plan.files.find(({ name }) => name === wanted)?.text ?? `no file is named ${wanted}`;
  return { file, batch: () => jobScript(attempt, spec, plan) };
}

const session = allocation();

goldenScripts("session", {
  "batch": session.batch,
  "agent": session.file("agent.sh"),
  "agent-idle": allocation({ maxConcurrent: 2, idleSeconds: 90.5 }).file("agent.sh"),
  "start_step": session.file("start_step.sh"),
  "sweep": session.file("sweep.sh"),
  "nested_srun": session.file("nested_srun.sh"),
});
