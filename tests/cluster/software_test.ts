/**
 * Software environments on the test cluster: what lies there, and what is brought along.
 */

import assert from "node:assert/strict";
import type { Sluice } from "../../actors/mod.ts";
import type { JobSpecInput, JobView } from "../../model/mod.ts";
import { RemoteEnvironments } from "../../environments/mod.ts";
import { createSluiceClient } from "../../rpc/mod.ts";
import { ensurePackages, onCluster, runScript } from "../../scripts/testbed/mod.ts";
import { quote } from "../../shell/mod.ts";
import { startProxy } from "../faults/tcp_proxy.ts";
import type { TcpProxy } from "../faults/tcp_proxy.ts";
import { packConda, packPrefix, packVenv } from "./support/archives.ts";
import { CUTS_WITHIN_PACKETS } from "./support/cuts.ts";
import { knownThroughProxy } from "./support/known_hosts.ts";
import { readAll } from "./support/output.ts";
import { startServerProcess } from "./support/server_process.ts";
import { connect } from "./support/ssh.ts";
import { until } from "./support/until.ts";
import { DEV, jobSpec, shellJob, TOKEN, Workspace } from "./support/workspace.ts";
import type { ConfigOverrides } from "./support/workspace.ts";

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

const MEGABYTE = 1_000_000;

/** Sluice on the test cluster through a proxy, so that what is sent can be counted and cut. */
async function throughProxy(workspace: Workspace): Promise<
  AsyncDisposable & {
    readonly proxy: TcpProxy;
    readonly overrides: ConfigOverrides;
  }
> {
  const { host, port } = workspace.facts;
  const proxy = startProxy({ target: { host, port } });
  return {
    proxy,
    overrides: await knownThroughProxy(workspace, proxy),
    [Symbol.asyncDispose]: () => proxy.close(),
  };
}

/** What lies of an environment on the cluster. */
async function placeOf(workspace: Workspace, { environments }: JobView): Promise<string[]> {
  const [environment] = environments ?? [];
  const place = `${workspace.remoteDirectory}/environments/${environment?.sha256}`;
  const { stdout } = await onCluster(["ls", "-A", place]);
  return stdout.trim().split("\n");
}

Deno.test("20 jobs that are started together with the same 100 MB send them once, and one unpacks them", async () => {
  await using workspace = await Workspace.make();
  await using through = await throughProxy(workspace);
  const path = await packPrefix(workspace.directory, "large.tar", {
    word: "tides",
    bytes: 100 * MEGABYTE,
  });
  await using sluice = await workspace.open(through.overrides);
  const input = shellJob('which-one; wc -c <"$SLUICE_ENVIRONMENT/data"', {
    software: { kind: "archive", path },
    resources: { memory: 50, time: 10 },
  });
  const jobs = await sluice.jobs.submitMany(Array.from({ length: 20 }, () => jobSpec(input)));
  const ends = await Promise.all(jobs.map(({ id }) => sluice.jobs.wait(id)));
  assert.deepEqual(new Set(ends.map(({ phase }) => phase)), new Set(["succeeded"]));
  for (const { id } of ends) {
    const printed = await readAll(sluice.jobs.logs({ jobId: id, follow: false }));
    assert.equal(decoder.decode(printed), `tides\n${100 * MEGABYTE}\n`);
  }
  const { up } = through.proxy.passed;
  assert.ok(up > 100 * MEGABYTE && up < 120 * MEGABYTE, `${up} bytes were sent`);
  const [first] = ends;
  assert.ok(first !== undefined);
  assert.deepEqual(await placeOf(workspace, first), ["lock.1", "tree", "tree.1", "used"]);
});

/** The beginning of a program for another machine. */
const AARCH64_PROGRAM = new Uint8Array(64);
AARCH64_PROGRAM.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
AARCH64_PROGRAM.set([2, 0, 183, 0], 16);

Deno.test("an environment for another platform is refused before anything of it is sent", async () => {
  await using workspace = await Workspace.make();
  await using through = await throughProxy(workspace);
  await Deno.mkdir(`${workspace.directory}/other/bin`, { recursive: true });
  await Deno.writeFile(`${workspace.directory}/other/bin/python3.11`, AARCH64_PROGRAM);
  await Deno.writeTextFile(`${workspace.directory}/other/activate.sh`, "");
  const path = `${workspace.directory}/other.tar.bz2`;
  await runScript(
    "tar",
    'head -c 5000000 /dev/urandom >"$1/data"; tar -cjf "$2" -C "$1" .',
    [`${workspace.directory}/other`, path],
  );
  await using sluice = await workspace.open(through.overrides);
  const { view } = await run(sluice, "true", { kind: "archive", path });
  assert.deepEqual([view.phase, view.error?.code], ["failed", "PLATFORM_MISMATCH"]);
  assert.equal(
    view.error?.message,
    "The environment is for linux-aarch64, and the cluster has linux-x86_64.",
  );
  assert.ok(through.proxy.passed.up < MEGABYTE, `${through.proxy.passed.up} bytes were sent`);
  assert.equal((await onCluster(["ls", `${workspace.remoteDirectory}/environments`])).stdout, "");
  assert.deepEqual(await workspace.slurmJobs(), []);
});

Deno.test("a payload changes without packing again, and packing again gives a changed environment", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const { directory } = workspace;
  const recipe = `${directory}/recipe`;
  const software: SoftwareInput = {
    kind: "pack",
    // The word of the recipe becomes the program of the environment.
    command: [
      "sh",
      "-c",
      `echo packed >>log && mkdir -p p/bin && cp recipe p/bin/which-one && chmod 755 p/bin/which-one &&
        echo 'PATH=$SLUICE_ENVIRONMENT/bin:$PATH' >p/activate.sh && tar -czf "$1" -C p .`,
      "sh",
      "{output}.tar.gz",
    ],
    directory,
    inputs: ["recipe"],
  };
  const packings = async () => (await Deno.readTextFile(`${directory}/log`)).length / 7;
  await Deno.writeTextFile(recipe, "#!/bin/sh\necho one\n");
  const preview = () => sluice.jobs.preview(jobSpec(shellJob("which-one", { software })));
  assert.match((await preview()).script, /before its environment was sent/);
  const first = await run(sluice, "which-one", software);
  assert.equal(first.stdout, "one\n", first.stderr);
  const second = await run(sluice, "which-one; echo again", software);
  assert.equal(second.stdout, "one\nagain\n");
  assert.equal(await packings(), 1);
  const [environment] = second.view.environments ?? [];
  assert.deepEqual(first.view.environments, second.view.environments);
  assert.ok((await preview()).script.includes(`/environments/${environment?.sha256}`));

  await Deno.writeTextFile(recipe, "#!/bin/sh\necho two\n");
  const third = await run(sluice, "which-one", software);
  assert.equal(third.stdout, "two\n");
  assert.equal(await packings(), 2);
  assert.notDeepEqual(third.view.environments, second.view.environments);
});

Deno.test({
  name: "an upload that is cut in the middle is made again, and the job goes on",
  ...CUTS_WITHIN_PACKETS,
  async fn() {
    await using workspace = await Workspace.make();
    await using through = await throughProxy(workspace);
    const path = await packPrefix(workspace.directory, "cut.tar", {
      word: "tides",
      bytes: 30 * MEGABYTE,
    });
    await using sluice = await workspace.open(through.overrides);
    await sluice.clusters.probe(DEV);
    through.proxy.cutOpenAfter({ up: 12 * MEGABYTE });
    const { view, stdout } = await run(sluice, "which-one", { kind: "archive", path });
    assert.deepEqual([view.phase, stdout], ["succeeded", "tides\n"]);
    assert.ok(through.proxy.cuts > 0, "the line was cut");
    assert.ok(through.proxy.passed.up > 40 * MEGABYTE, "and all was sent again");
    assert.deepEqual(await placeOf(workspace, view), ["lock.1", "tree", "tree.1", "used"]);
  },
});

Deno.test("a Sluice that is killed in the middle of an upload takes it up again", async () => {
  await using workspace = await Workspace.make();
  await using through = await throughProxy(workspace);
  through.proxy.setBytesPerSecond(4 * MEGABYTE);
  const path = await packPrefix(workspace.directory, "killed.tar", {
    word: "tides",
    bytes: 30 * MEGABYTE,
  });
  const server = await startServerProcess(workspace, 0, through.overrides);
  const client = createSluiceClient({ url: `http://127.0.0.1:${server.port}`, token: TOKEN });
  const software: SoftwareInput = { kind: "archive", path };
  const spec = jobSpec(shellJob("which-one", { software, resources: { memory: 50, time: 10 } }));
  const { id } = await client.jobs.submit.mutate(spec);
  await until("a part was sent", () => through.proxy.passed.up > 8 * MEGABYTE);
  await server.kill();
  through.proxy.setBytesPerSecond(undefined);

  await using sluice = await workspace.open(through.overrides);
  assert.equal((await sluice.jobs.get(id)).phase, "staging");
  const view = await sluice.jobs.wait(id);
  assert.equal(view.phase, "succeeded");
  assert.deepEqual(await placeOf(workspace, view), ["lock.1", "tree", "tree.1", "used"]);
  assert.equal((await workspace.slurmJobs()).length, 1);
});

Deno.test("a job that is cancelled while its environment is sent never reaches Slurm", async () => {
  await using workspace = await Workspace.make();
  await using through = await throughProxy(workspace);
  const path = await packPrefix(workspace.directory, "cancelled.tar", {
    word: "tides",
    bytes: 30 * MEGABYTE,
  });
  await using sluice = await workspace.open(through.overrides);
  through.proxy.setBytesPerSecond(4 * MEGABYTE);
  const software: SoftwareInput = { kind: "archive", path };
  const { id } = await sluice.jobs.submit(jobSpec(shellJob("which-one", { software })));
  await until("a part was sent", () => through.proxy.passed.up > 6 * MEGABYTE);
  await sluice.jobs.cancel(id);
  const { phase } = await sluice.jobs.wait(id);
  assert.equal(phase, "cancelled");
  await until("what was sent is gone", async () => {
    const { stdout } = await onCluster([
      "find",
      `${workspace.remoteDirectory}/environments`,
      "-size",
      "+100k",
    ]);
    return stdout === "";
  }, 500);
  assert.deepEqual(await workspace.slurmJobs(), []);
});

Deno.test("where whoever unpacks is killed, another job takes over", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const begun = workspace.file("begun");
  const path = `${workspace.directory}/slow.sh`;
  await Deno.writeTextFile(
    path,
    `#!/bin/sh
if mkdir ${quote(begun.path)}; then sleep 900; fi
mkdir bin
printf '#!/bin/sh\\necho tides\\n' >bin/which-one
chmod 755 bin/which-one
echo 'PATH=$SLUICE_ENVIRONMENT/bin:$PATH' >activate.sh
`,
  );
  const input = shellJob("which-one", {
    software: { kind: "archive", path },
    resources: { memory: 50, time: 10 },
  });
  const first = await sluice.jobs.submit(jobSpec(input));
  await until(
    "the first unpacks",
    async () => (await onCluster(["test", "-d", begun.path])).code === 0,
    200,
  );
  const second = await sluice.jobs.submit(jobSpec(input));
  await until(
    "the second runs",
    async () => (await sluice.jobs.get(second.id)).phase === "running",
  );
  const { schedulerId } = await sluice.jobs.get(first.id);
  // As when its node dies: nobody of it does anything more.
  for (const signal of ["STOP", "KILL"]) {
    const words = ["scancel", `--signal=${signal}`, "--full", schedulerId ?? ""];
    assert.equal((await onCluster(words, { root: true })).code, 0);
  }
  const view = await sluice.jobs.wait(second.id);
  assert.equal(view.phase, "succeeded", view.reason?.text);
  assert.deepEqual(await placeOf(workspace, view), ["lock.1", "lock.2", "tree", "tree.2", "used"]);
  assert.notEqual((await sluice.jobs.wait(first.id)).phase, "succeeded");
});

Deno.test("an environment that nobody uses goes, unless a job begins with it meanwhile", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const path = await packPrefix(workspace.directory, "unused.tar", { word: "tides" });
  const { view } = await run(sluice, "which-one", { kind: "archive", path });
  const [environment] = view.environments ?? [];
  assert.ok(environment !== undefined);
  const { sha256 } = environment;
  await using host = await connect(workspace.facts);
  const environments = new RemoteEnvironments(host, workspace.remoteDirectory, "test", 0);
  const { signal } = new AbortController();
  const collect = () => environments.collect([], [sha256], 0, signal);
  assert.deepEqual(await environments.unused(3_600_000, signal), []);
  assert.deepEqual(await environments.unused(0, signal), [sha256]);

  assert.deepEqual(await collect(), []);
  assert.ok((await placeOf(workspace, view)).includes("retired"));
  const again = await run(sluice, "which-one", { kind: "environment", sha256 });
  assert.equal(again.stdout, "tides\n");
  assert.ok(!(await placeOf(workspace, view)).includes("retired"));

  assert.deepEqual(await collect(), []);
  assert.deepEqual(await collect(), [sha256]);
  const gone = await run(sluice, "which-one", { kind: "environment", sha256 });
  assert.deepEqual([gone.view.phase, gone.view.exitCode], ["failed", 85]);
  assert.match(gone.stderr, /is not on the cluster any more: submit the job again/);
  const sent = await run(sluice, "which-one", { kind: "archive", path });
  assert.equal(sent.stdout, "tides\n", sent.stderr);
});

Deno.test("what venv-pack has packed runs on the cluster", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const path = await packVenv(workspace.directory, ["six==1.16.0"]);
  const script = 'python -c "import six, sys; print(six.__version__, sys.prefix)"';
  const packed = await run(sluice, script, { kind: "archive", path, activate: "bin/activate" });
  const [environment] = packed.view.environments ?? [];
  const place = `${workspace.remoteDirectory}/environments/${environment?.sha256}/tree`;
  assert.equal(packed.stdout, `1.16.0 ${place}\n`, packed.stderr);
});

Deno.test("what conda-pack has packed runs on the cluster, with its paths put right", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const path = await packConda(workspace.directory);
  const script = 'which-one; cat "$CONDA_PREFIX/etc/place"';
  const { view, stdout, stderr } = await run(sluice, script, {
    kind: "archive",
    path,
    activate: "bin/activate",
  });
  const [environment] = view.environments ?? [];
  const place = `${workspace.remoteDirectory}/environments/${environment?.sha256}/tree.1`;
  assert.equal(stdout, `tides\n${place}/etc\n`, stderr);
  const platform = Deno.build.arch === "x86_64" ? "linux-x86_64" : "linux-aarch64";
  assert.equal(environment?.platform, platform, "its own Python tells");
});
