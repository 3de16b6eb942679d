import assert from "node:assert/strict";
import { attemptId, jobIdSchema, jobSpecSchema } from "../model/mod.ts";
import type { JobSpecInput } from "../model/mod.ts";
import { bashLauncher, jobScript } from "./mod.ts";

const jobId = jobIdSchema.parse("01890a5d-ac96-774b-bcce-b302099a8057");

/** Set to write the expected scripts anew: look at the difference before committing it. */
const REGENERATE = "SLUICE_WRITE_GOLDEN";

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

const golden = (name: string) => new URL(`testdata/${name}.sh`, import.meta.url);

function scriptOf({ attempt = 1, ...input }: Case): string {
  const spec = jobSpecSchema.parse({ cluster: "here", ...input });
  return jobScript(attemptId(jobId, attempt), spec, bashLauncher.plan(spec));
}

for (const [name, input] of Object.entries(cases)) {
  Deno.test(`the batch script of '${name}' is the one that was looked at`, async () => {
    const script = scriptOf(input);
    if (Deno.env.get(REGENERATE) !== undefined) await Deno.writeTextFile(golden(name), script);
    assert.equal(script, await Deno.readTextFile(golden(name)));
  });
}

Deno.test("every golden file is that of a case", async () => {
  const files = await Array.fromAsync(
    Deno.readDir(new URL("testdata/", import.meta.url)),
    ({ name }) => name,
  );
  assert.deepEqual(files.sort(), Object.keys(cases).map((name) => `${name}.sh`).sort());
});

async function installed(command: string): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args: ["--version"], stdout: "null" }).output())
      .success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const shellcheck = await installed("shellcheck");

Deno.test({
  name: `shellcheck finds nothing in any batch script${shellcheck ? "" : " (not installed)"}`,
  // Where everything must be tested, a missing shellcheck is a failure.
  ignore: !shellcheck && Deno.env.get("CI") === undefined,
  async fn() {
    const { stdout, code } = await new Deno.Command("shellcheck", {
      args: [
        // Single quotes around '$' are what quoting is for.
        "--exclude=SC2016",
        ...Object.keys(cases).map((name) => golden(name).pathname),
      ],
    }).output();
    assert.equal(new TextDecoder().decode(stdout), "");
    assert.equal(code, 0);
  },
});
