import { attemptId, jobIdSchema, jobSpecSchema } from "../model/mod.ts";
import type { JobSpecInput } from "../model/mod.ts";
import { jobScript, launch } from "./mod.ts";
import { goldenScripts } from "./testing/golden.ts";

const jobId = jobIdSchema.parse("01890a5d-ac96-774b-bcce-b302099a8057");

interface Case extends Omit<JobSpecInput, "cluster"> {
  /** Number of the attempt. Default: the first. */
  readonly attempt?: number;
}

/** One job for each shape that a batch script can take, by the name of its golden file. */
const cases: Readonly<Record<string, Case>> = {
  "command": { payload: { kind: "command", command: ["hostname"] } },
  "command-hostile": {
    payload: { kind: "command", command: ["printf", "%s", 'it\'s $(id) `id` "x"\n-n', ""] },
    environment: { EMPTY: "", GREETING: "it's\n$HOME", sluice_dir: "/elsewhere" },
    workingDirectory: "/data/it's here",
  },
  "command-home": {
    payload: { kind: "command", command: ["ls"] },
    workingDirectory: "~/my project",
  },
  "signal-before-limit": {
    payload: { kind: "command", command: ["./simulate"] },
    signalBeforeLimit: { signal: "USR1", seconds: 120 },
  },
  "script": {
    payload: { kind: "script", script: "#!/bin/bash\necho hello\n" },
  },
  "third-attempt": {
    attempt: 3,
    payload: { kind: "script", script: "#!/bin/bash\necho hello\n" },
  },
  "messages": {
    payload: { kind: "command", command: ["./simulate"] },
    messages: { assetKeys: ["tides"] },
  },
  "script-directives": {
    payload: {
      kind: "script",
      script:
        "#!/usr/bin/python3\n#SBATCH -t 10 --mem=1G\n# a comment\n#SBATCH --mail-user='a b'\nprint(1)\n#SBATCH --late\n",
      arguments: ["--input", "a file"],
    },
    environment: { OMP_NUM_THREADS: "4" },
  },
};

function scriptOf({ attempt = 1, ...input }: Case): string {
  const spec = jobSpecSchema.parse({ cluster: "here", ...input });
  return jobScript(attemptId(jobId, attempt), spec, launch(spec, { kind: "allocation" }));
}

goldenScripts(
  "batch",
  Object.fromEntries(Object.entries(cases).map(([name, input]) => [name, () => scriptOf(input)])),
);
