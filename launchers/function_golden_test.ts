import { attemptId, jobIdSchema, jobSpecSchema } from "../model/mod.ts";
import type { JobSpecInput } from "../model/mod.ts";
import { JOB_SCRIPT_FILE, jobScript, launch } from "./mod.ts";
import { goldenScripts } from "./testing/golden.ts";

const jobId = jobIdSchema.parse("01890a5d-ac96-774b-bcce-b302099a8057");

/** The text of one file of the job that calls a function. */
function fileOf(
  file: string,
  payload: Omit<Extract<JobSpecInput["payload"], { kind: "function" }>, "kind">,
  rest: Omit<JobSpecInput, "cluster" | "payload"> = {},
): string {
  const spec = jobSpecSchema.parse({
    cluster: "here",
    payload: { ...payload, kind: "function" },
    ...rest,
  });
  const plan = launch(spec, { kind: "allocation" });
  if (file === JOB_SCRIPT_FILE) return jobScript(attemptId(jobId, 1), spec, plan);
  return plan.files.find(({ name }) => name === file)?.text ?? "";
}

const script = "#!/bin/bash\n#SBATCH --mem=1G\nset -eu\n{task.fn} </dev/null\necho '{{task.fn}}'\n";

goldenScripts("function", {
  "job": () =>
    fileOf(JOB_SCRIPT_FILE, { language: "python", module: { text: "" }, name: "fit" }, {
      environment: { GREETING: "it's\n$HOME" },
    }),
  "python": () =>
    fileOf("function.sh", { language: "python", module: { path: "~/fit.py" }, name: "fit" }),
  "typescript": () =>
    fileOf("function.sh", { language: "typescript", module: { text: "" }, name: "default" }),
  "project": () =>
    fileOf("function.sh", { language: "typescript", module: { path: "~/it's/a.ts" }, name: "f" }),
  "interpreter": () =>
    fileOf("function.sh", {
      language: "python",
      module: { text: "" },
      name: "fit",
      interpreter: ["~/it's here/python", "-X", "dev mode"],
    }),
  "script": () =>
    fileOf("payload", { language: "python", module: { text: "" }, name: "fit", script }),
  "script-job": () =>
    fileOf(JOB_SCRIPT_FILE, { language: "python", module: { text: "" }, name: "fit", script }),
});
