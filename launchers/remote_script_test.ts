import assert from "node:assert/strict";
import { join } from "node:path";
import { jobSpecSchema } from "../model/mod.ts";
import { launch, remoteScriptProgram, SCRIPT_GONE_EXIT_CODE } from "./mod.ts";
import { goldenScripts } from "./testing/golden.ts";
import { JobDirectory, SHELLS } from "./testing/job_directory.ts";

const PRINT = 'printf "%s|" "$0" "$@"\nexit 4\n';

for (const shell of SHELLS) {
  Deno.test(`a script that is on the cluster runs with its arguments (${shell})`, async () => {
    await using job = await JobDirectory.create(shell, {
      payload: {
        kind: "remote_script",
        path: "~/it's/run $1.sh",
        arguments: ["a b", "{inputs.x}", "it's"],
      },
      inputs: { x: ["1", "2 3"] },
    });
    const path = join(job.path, "it's", "run $1.sh");
    await Deno.mkdir(join(job.path, "it's"));
    for (const mode of [0o755, 0o644]) {
      await Deno.writeTextFile(path, `#! /bin/sh -u\n${PRINT}`, { mode });
      await Deno.chmod(path, mode);
      assert.deepEqual(await job.run(), {
        code: 4,
        stdout: `${path}|a b|1|2 3|it's|`,
        stderr: "",
      });
    }
    // All behind the interpreter's name is one word, as to the kernel.
    await Deno.writeTextFile(path, "#!/usr/bin/env -S sh -e -c  'echo $0$-; false; echo no'\n");
    assert.match((await job.run()).stdout, /e/);
  });

  Deno.test(`one that is gone when the job begins is told with a status of its own (${shell})`, async () => {
    await using job = await JobDirectory.create(shell, {
      payload: { kind: "remote_script", path: "/no/such/script" },
    });
    const { code, stdout, stderr } = await job.run();
    assert.deepEqual([code, stdout], [SCRIPT_GONE_EXIT_CODE, ""]);
    assert.match(stderr, /^sluice: there is no readable file "\/no\/such\/script"/);
  });
}

Deno.test("its #SBATCH lines are those that were read before", () => {
  const spec = jobSpecSchema.parse({
    cluster: "here",
    payload: { kind: "remote_script", path: "/run.sh" },
  });
  const payload = {
    ...spec.payload,
    directives: ["#SBATCH --time=10 --mem=1G"],
  };
  assert.equal(payload.kind, "remote_script");
  const plan = launch({ ...spec, payload }, { kind: "allocation" });
  assert.deepEqual(plan.directives, ["#SBATCH --time=10 --mem=1G"]);
  assert.deepEqual(plan.directiveOptions, ["time", "mem"]);
  assert.deepEqual(launch(spec, { kind: "allocation" }).directives, []);
});

Deno.test("clients cannot set them", () => {
  const payload = { kind: "remote_script", path: "/run.sh", directives: ["#SBATCH --time=10"] };
  const parsed = jobSpecSchema.safeParse({ cluster: "here", payload });
  assert.match(String(parsed.error?.message), /read from the script itself/);
});

goldenScripts("remote_script", {
  "home": () => remoteScriptProgram("~/it's/run $1.sh"),
});
