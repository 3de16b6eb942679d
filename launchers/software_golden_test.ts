import { attemptId, jobIdSchema, jobSpecSchema } from "../model/mod.ts";
import type { JobSpecInput } from "../model/mod.ts";
import { jobScript, launch } from "./mod.ts";
import { peersScript } from "./peers.ts";
import { goldenScripts } from "./testing/golden.ts";

const jobId = jobIdSchema.parse("01890a5d-ac96-774b-bcce-b302099a8057");
const sha256 = "0123456789abcdef".repeat(4);

function scriptOf(software: JobSpecInput["software"], rest: Partial<JobSpecInput> = {}): string {
  const payload = { kind: "command" as const, command: ["python3", "tides.py"] };
  const spec = jobSpecSchema.parse({ cluster: "here", payload, software, ...rest });
  return jobScript(attemptId(jobId, 1), spec, launch(spec, { kind: "allocation" }));
}

goldenScripts("software", {
  "modules": () => scriptOf({ kind: "modules", modules: ["gcc/12", "my tools' $(id)"] }),
  "modules-kept": () => scriptOf({ kind: "modules", modules: ["gcc"], purge: false }),
  "conda": () => scriptOf({ kind: "conda", environment: "tides" }),
  "conda-path": () =>
    scriptOf({ kind: "conda", environment: "~/envs/it's here", conda: "~/bin/micromamba" }),
  "venv": () => scriptOf({ kind: "venv", path: "~/my venv" }),
  "environment": () => scriptOf({ kind: "environment", sha256 }),
  "environment-within": () =>
    scriptOf(
      {
        kind: "environment",
        sha256,
        platform: "linux-x86_64",
        root: "my environment/$HOME",
        activate: "bin/activate",
      },
      { signalBeforeLimit: {} },
    ),
  "peers": () =>
    peersScript(
      { software: { kind: "environment", sha256, activate: "activate.sh" } },
      ["exec ./worker"],
    ),
});
