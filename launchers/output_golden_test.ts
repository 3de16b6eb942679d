import { attemptId, jobIdSchema, jobSpecSchema } from "../model/mod.ts";
import type { JobSpecInput } from "../model/mod.ts";
import { jobScript, launch } from "./mod.ts";
import { goldenScripts } from "./testing/golden.ts";

const jobId = jobIdSchema.parse("01890a5d-ac96-774b-bcce-b302099a8057");

/** One job for each shape that the check of outputs can take, by the name of its golden file. */
const cases: Readonly<Record<string, Omit<JobSpecInput, "cluster" | "payload">>> = {
  "default": { outputs: { model: {} } },
  "directory-of-task": {
    resources: { array: "0-3" },
    outputs: { "check points": { kind: "directory", location: "out/%a", collect: "always" } },
  },
  "hostile": {
    workingDirectory: "~/it's here",
    outputs: {
      "it's $(id)": { location: "a 'b' $c\n/%a%" },
      "far": { kind: "file", location: "/data/it's there", optional: true },
      "home": { kind: "directory", location: "~/x" },
    },
  },
};

goldenScripts(
  "outputs",
  Object.fromEntries(
    Object.entries(cases).map(([name, input]) => [name, () => {
      const payload = { kind: "command", command: ["hostname"] } as const;
      const spec = jobSpecSchema.parse({ cluster: "here", payload, ...input });
      return jobScript(attemptId(jobId, 1), spec, launch(spec, { kind: "allocation" }));
    }]),
  ),
);
