/**
 * Software environments on the test cluster: what lies there, and what is brought along.
 */

import assert from "node:assert/strict";
import type { Sluice } from "../../actors/mod.ts";
import type { JobSpecInput, JobView } from "../../model/mod.ts";
import { ensurePackages, onCluster } from "../../scripts/testbed/mod.ts";
import { packPrefix } from "./support/archives.ts";
import { readAll } from "./support/output.ts";
import { jobSpec, shellJob, Workspace } from "./support/workspace.ts";

type SoftwareInput = NonNullable<JobSpecInput["software"]>;

const decoder = new TextDecoder();

interface Ran {
  readonly view: JobView;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script with the software; gives what came of it. */
async function run(sluice: Sluice, script: string, software: SoftwareInput): Promise<Ran> {
  const resources = { memory: 50, time: 10 };
  const { id } = await sluice.jobs.submit(jobSpec(shellJob(script, { software, resources })));
  const view = await sluice.jobs.wait(id);
  const read = async (stream: "stdout" | "stderr") =>
    view.submittedAt === undefined
      ? ""
      : decoder.decode(await readAll(sluice.jobs.logs({ jobId: id, stream, follow: false })));
  return { view, stdout: await read("stdout"), stderr: await read("stderr") };
}

Deno.test("a job finds a virtual environment that lies on the cluster, or says that there is none", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const path = `${workspace.remoteDirectory}.venv it's`;
  const made = await onCluster(["python3", "-m", "venv", "--without-pip", path]);
  assert.equal(made.code, 0, made.stderr);
  const script = 'python3 -c "import sys; print(sys.prefix)"';
  const good = await run(sluice, script, { kind: "venv", path });
  assert.deepEqual([good.view.phase, good.stdout], ["succeeded", `${path}\n`], good.stderr);

  const bad = await run(sluice, script, { kind: "venv", path: `${path}.not` });
  assert.deepEqual([bad.view.phase, bad.view.exitCode], ["failed", 84]);
  assert.match(bad.stderr, /^sluice: there is no virtual environment in /);
});

Deno.test("modules of the cluster are loaded, and one that is not there is named", async () => {
  await ensurePackages(() => {}, [{ program: "modulecmd", package: "environment-modules" }]);
  await using workspace = await Workspace.make();
  const modules = `${workspace.remoteDirectory}.modules`;
  const file = `#%Module\nsetenv TIDES "of $env(LUNA)"\n`;
  await onCluster(["mkdir", "-p", `${modules}/tides`]);
  await onCluster(["tee", `${modules}/tides/2`], { stdin: file });
  await onCluster(["tee", `${modules}/moon`], { stdin: "#%Module\nsetenv LUNA moon\n" });
  await using sluice = await workspace.open({
    shell: { prelude: `export MODULEPATH=${modules}` },
  });
  const script = 'echo "$TIDES $LOADEDMODULES"';
  const good = await run(sluice, script, { kind: "modules", modules: ["moon", "tides"] });
  assert.equal(good.stdout, "of moon moon:tides/2\n", good.stderr);

  const bad = await run(sluice, script, { kind: "modules", modules: ["moon", "no such 'module'"] });
  assert.deepEqual([bad.view.phase, bad.view.exitCode, bad.stdout], ["failed", 81, ""]);
  assert.match(bad.stderr, /^sluice: the module "no such 'module'" cannot be loaded/m);
});

Deno.test("an archive is sent, unpacked and activated, and what is there is not sent again", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const path = await packPrefix(workspace.directory, "one.tar.gz", {
    word: "tides",
    compression: "--gzip",
  });
  const first = await run(sluice, "which-one", { kind: "archive", path });
  assert.deepEqual([first.view.phase, first.stdout], ["succeeded", "tides\n"], first.stderr);
  const [environment] = first.view.environments ?? [];
  assert.ok(environment !== undefined);
  const place = `${workspace.remoteDirectory}/environments/${environment.sha256}`;
  const { stdout: files } = await onCluster(["ls", "-A", place]);
  assert.deepEqual(files.trim().split("\n"), ["lock.1", "tree", "tree.1", "used"]);

  const again = await run(sluice, "which-one; which which-one", { kind: "archive", path });
  assert.equal(again.stdout, `tides\n${place}/tree/bin/which-one\n`, again.stderr);
  const direct = await run(sluice, "which-one", { kind: "environment", ...environment });
  assert.equal(direct.stdout, "tides\n", direct.stderr);
});
