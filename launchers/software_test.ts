import assert from "node:assert/strict";
import { attemptId, jobIdSchema, jobSpecSchema } from "../model/mod.ts";
import type { JobSpecInput, Software } from "../model/mod.ts";
import { quote } from "../shell/mod.ts";
import { jobScript, launch, softwareLines } from "./mod.ts";

type SoftwareInput = NonNullable<JobSpecInput["software"]>;

const sha256 = "0123456789abcdef".repeat(4);
const MACHINE = "linux-x86_64";
const OTHER = Deno.build.arch === "x86_64" ? "linux-aarch64" : "linux-x86_64";

function softwareOf(input: SoftwareInput): Software {
  return jobSpecSchema.parse({
    cluster: "here",
    payload: { kind: "command", command: ["true"] },
    software: input,
  }).software;
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function shell(
  program: string,
  script: string,
  env: Record<string, string> = {},
): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: ["-c", script, "sh", "an argument"],
    clearEnv: true,
    env: { PATH: "/usr/bin:/bin", ...env },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Sluice's directory on a cluster, with the directory of one job and that of one environment. */
class Root implements AsyncDisposable {
  private constructor(
    /** A directory for it, and for what it is made from. */
    readonly parent: string,
  ) {}

  static async make(): Promise<Root> {
    const root = new Root(await Deno.makeTempDir({ prefix: "sluice-software-" }));
    await Deno.mkdir(root.job, { recursive: true });
    await Deno.mkdir(root.environment, { recursive: true });
    return root;
  }

  get path(): string {
    return `${this.parent}/it's a $(root)`;
  }
  get job(): string {
    return `${this.path}/jobs/one`;
  }
  get environment(): string {
    return `${this.path}/environments/${sha256}`;
  }

  /** Packs a prefix; gives where it was packed from. */
  async pack(
    tar: string,
    top = "",
    activate = "activate.sh",
    script = "WORD=packed; export WORD",
  ): Promise<void> {
    const prefix = top === "" ? `${this.parent}/prefix` : `${this.parent}/prefix/${top}`;
    const file = `${prefix}/${activate}`;
    await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(file, `${script}\n`);
    const archive = quote(`${this.environment}/archive`);
    const made = await shell("sh", `cd ${quote(`${this.parent}/prefix`)} && ${tar} ${archive} .`);
    assert.equal(made.code, 0, made.stderr);
  }

  /** Runs a payload behind the lines that make the software ready. */
  run(
    input: SoftwareInput,
    payload = 'echo "$WORD"',
    { program = "bash", change = (line: string) => line, env = {} }: {
      readonly program?: string;
      readonly change?: (line: string) => string;
      readonly env?: Record<string, string>;
    } = {},
  ): Promise<Ended> {
    const lines = softwareLines(softwareOf(input)).map(change);
    const script = [`sluice_dir=${quote(`${this.job}/.`)}`, ...lines, payload].join("\n");
    return shell(program, script, { HOME: this.parent, ...env });
  }

  async files(): Promise<string[]> {
    return (await Array.fromAsync(Deno.readDir(this.environment), ({ name }) => name)).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.parent, { recursive: true });
  }
}

const packings: Readonly<Record<string, string>> = {
  "a plain tar": "tar -cf",
  "gzip": "tar -czf",
  "bzip2": "tar -cjf",
  "xz": "tar --xz -cf",
  "zstd": "tar --zstd -cf",
};

for (const [name, tar] of Object.entries(packings)) {
  Deno.test(`an environment is unpacked and activated: ${name}`, async () => {
    await using root = await Root.make();
    await root.pack(tar);
    for (const program of ["bash", "dash"]) {
      const ended = await root.run({ kind: "environment", sha256 }, undefined, { program });
      assert.deepEqual(ended, { code: 0, stdout: "packed\n", stderr: "" });
    }
    assert.deepEqual(await root.files(), ["lock.1", "tree", "tree.1", "used"]);
  });
}

Deno.test("a script that unpacks itself does so in the tree", async () => {
  await using root = await Root.make();
  await Deno.writeTextFile(
    `${root.environment}/archive`,
    "#!/usr/bin/env bash\nset -euo pipefail\necho unpacking\nmkdir env\necho 'WORD=unpacked' >activate.sh\n",
  );
  const ended = await root.run({ kind: "environment", sha256 });
  assert.deepEqual(ended, { code: 0, stdout: "unpacked\n", stderr: "unpacking\n" });
});

Deno.test("names within an archive may be any, and the script finds the environment and no arguments", async () => {
  await using root = await Root.make();
  const [top, activate] = ["it's; $(id)", '-bin/`id`\\ "x"/activate'];
  await root.pack("tar -cf", top, activate, 'WORD="$SLUICE_ENVIRONMENT $#"; echo told');
  const ended = await root.run({ kind: "environment", sha256, root: top, activate });
  assert.deepEqual(ended, {
    code: 0,
    stdout: `${root.environment}/tree/${top} 0\n`,
    stderr: "told\n",
  });
});

Deno.test("of many that begin at once, one unpacks", async () => {
  await using root = await Root.make();
  await root.pack("tar -czf");
  const ends = await Promise.all(
    Array.from({ length: 12 }, () => root.run({ kind: "environment", sha256 })),
  );
  for (const ended of ends) assert.deepEqual(ended, { code: 0, stdout: "packed\n", stderr: "" });
  assert.deepEqual(await root.files(), ["lock.1", "tree", "tree.1", "used"]);
});

Deno.test("what was begun by one who is gone is done by another, and nothing of it is left", async () => {
  await using root = await Root.make();
  await root.pack("tar -cf");
  await Deno.mkdir(`${root.environment}/lock.1`);
  await Deno.writeTextFile(`${root.environment}/lock.1/beat`, "7\n");
  await Deno.mkdir(`${root.environment}/tree.1`);
  const change = (line: string) => line.replace("-ge 30", "-ge 1");
  const ended = await root.run({ kind: "environment", sha256 }, undefined, { change });
  assert.deepEqual(ended, { code: 0, stdout: "packed\n", stderr: "" });
  assert.deepEqual(await root.files(), ["lock.1", "lock.2", "tree", "tree.2", "used"]);
});

Deno.test("who waits for one who is at work goes on when that is done, or gives up in the end", async () => {
  await using root = await Root.make();
  await root.pack("tar -cf");
  await Deno.mkdir(`${root.environment}/lock.1`);
  const change = (line: string) => line.replace("-ge 3600", "-ge 2");
  const ended = await root.run({ kind: "environment", sha256 }, undefined, { change });
  assert.equal(ended.code, 88);
  assert.match(
    ended.stderr,
    /^sluice: waited for 2 seconds for another job to unpack .*again later\.\n$/,
  );
});

Deno.test("what is no archive is told, and does not keep others from trying", async () => {
  await using root = await Root.make();
  await Deno.writeTextFile(`${root.environment}/archive`, "nothing that tar knows");
  for (const lock of ["lock.1", "lock.2"]) {
    const ended = await root.run({ kind: "environment", sha256 });
    assert.equal(ended.code, 87);
    assert.match(
      ended.stderr,
      /tar: .*\nsluice: .*archive cannot be unpacked: see the lines above\.\n$/s,
    );
    assert.ok((await root.files()).includes(lock));
  }
  assert.deepEqual(await root.files(), ["archive", "lock.1", "lock.2", "used"]);
});

Deno.test("an environment that is gone, or about to go, is told, and one that was to go stays", async () => {
  await using root = await Root.make();
  await root.pack("tar -cf");
  await Deno.writeTextFile(`${root.environment}/retired`, "");
  assert.equal((await root.run({ kind: "environment", sha256 })).code, 0);
  assert.ok(!(await root.files()).includes("retired"));

  await Deno.writeTextFile(`${root.environment}/removing`, "");
  const going = await root.run({ kind: "environment", sha256 });
  assert.equal(going.code, 85);
  await Deno.remove(root.environment, { recursive: true });
  const gone = await root.run({ kind: "environment", sha256 });
  assert.equal(gone.code, 85);
  for (const { stderr, stdout } of [going, gone]) {
    assert.match(
      stderr,
      /^sluice: the environment .* is not on the cluster any more: submit the job again/,
    );
    assert.equal(stdout, "");
  }
});

Deno.test("an environment whose files were taken away is told", async () => {
  await using root = await Root.make();
  await root.pack("tar -cf");
  await root.run({ kind: "environment", sha256 });
  await Deno.remove(`${root.environment}/tree/.sluice-environment`);
  const ended = await root.run({ kind: "environment", sha256 });
  assert.equal(ended.code, 85);
  assert.match(ended.stderr, /^sluice: files are missing in /);
});

Deno.test("a script that is not there or fails is told, and the payload does not start", async () => {
  await using root = await Root.make();
  await root.pack("tar -cf", "", "activate.sh", "return 3");
  const failed = await root.run({ kind: "environment", sha256 });
  assert.deepEqual(failed, {
    code: 89,
    stdout: "",
    stderr: 'sluice: "activate.sh" of the environment failed.\n',
  });
  const absent = await root.run({ kind: "environment", sha256, activate: "bin/activate" });
  assert.equal(absent.code, 89);
  assert.match(absent.stderr, /^sluice: the environment has no "bin\/activate": say in /);
});

Deno.test("a node of another platform says so before anything is unpacked", async () => {
  await using root = await Root.make();
  await root.pack("tar -cf");
  const ended = await root.run({ kind: "environment", sha256, platform: OTHER });
  assert.equal(ended.code, 86);
  assert.match(
    ended.stderr,
    /^sluice: the environment is for linux-\w+, and this node is Linux \w+: /,
  );
  assert.deepEqual(await root.files(), ["archive"]);
  const fits = Deno.build.arch === "x86_64" ? MACHINE : "linux-aarch64";
  assert.equal((await root.run({ kind: "environment", sha256, platform: fits })).code, 0);
  assert.equal((await root.run({ kind: "environment", sha256, platform: "any" })).code, 0);
});

Deno.test("what conda-unpack has to put right is put right where the environment stays", async () => {
  await using root = await Root.make();
  const bin = `${root.parent}/prefix/bin`;
  await Deno.mkdir(bin, { recursive: true });
  await Deno.writeTextFile(`${bin}/conda-unpack`, 'cd "${0%/bin/*}" && pwd >bin/place\n');
  await Deno.writeTextFile(`${bin}/python`, '#!/bin/sh\nexec sh "$@"\n', { mode: 0o755 });
  await root.pack("tar -cf");
  const ended = await root.run(
    { kind: "environment", sha256 },
    'cat "$SLUICE_ENVIRONMENT/bin/place"',
  );
  assert.equal(ended.stdout, `${root.environment}/tree.1\n`, ended.stderr);
});

Deno.test("a payload that is warned before its time limit finds its environment too", async () => {
  await using root = await Root.make();
  await root.pack("tar -czf");
  const spec = jobSpecSchema.parse({
    cluster: "here",
    payload: { kind: "command", command: ["sh", "-c", 'echo "$WORD"'] },
    software: { kind: "environment", sha256 },
    signalBeforeLimit: {},
  });
  const id = attemptId(jobIdSchema.parse("01890a5d-ac96-774b-bcce-b302099a8057"), 1);
  const script = jobScript(id, spec, launch(spec, { kind: "allocation" }));
  await Deno.writeTextFile(`${root.job}/job.sh`, script, { mode: 0o700 });
  const ended = await shell("bash", `cd ${quote(root.job)} && exec ./job.sh ../spool`, {
    SLURM_JOB_ID: "12",
  });
  assert.deepEqual(ended, { code: 0, stdout: "packed\n", stderr: "" });
  assert.deepEqual(await root.files(), ["lock.1", "tree", "tree.1", "used"]);
});

Deno.test("a job whose environment was not sent ends", async () => {
  await using root = await Root.make();
  const ended = await root.run({ kind: "archive", path: "tides.tar" });
  assert.deepEqual([ended.code, ended.stdout], [85, ""]);
});

Deno.test("a virtual environment is activated, whatever its name", async () => {
  await using root = await Root.make();
  const path = `${root.parent}/it's $(id)`;
  await Deno.mkdir(`${path}/bin`, { recursive: true });
  await Deno.writeTextFile(`${path}/bin/activate`, 'WORD="a venv $#"\necho told\n');
  for (const named of [path, "~/it's $(id)", `${path}/`]) {
    for (const program of ["bash", "dash"]) {
      const ended = await root.run({ kind: "venv", path: named }, undefined, { program });
      assert.deepEqual(ended, { code: 0, stdout: "a venv 0\n", stderr: "told\n" });
    }
  }
  const absent = await root.run({ kind: "venv", path: "/nonexistent/$(id)" });
  assert.equal(absent.code, 84);
  assert.match(
    absent.stderr,
    /^sluice: there is no virtual environment in "\/nonexistent\/\$\(id\)"/,
  );
});

/** A program that says how it is begun in one of the two ways, and knows one environment. */
function condaProgram(name: string, question: string): string {
  return `#!/bin/sh
[ "$*" = ${quote(question)} ] || { echo "$0: what is $*?" >&2; exit 2; }
cat <<'END'
${name}() { [ "$#:$1" = "2:activate" ] && [ "$2" = "it's \\$(id)" ] && WORD="${name} $2"; }
END
`;
}

const condas: readonly (readonly [name: string, question: string])[] = [
  ["conda", "shell.posix hook"],
  ["micromamba", "shell hook --shell posix"],
  ["mamba", "shell hook --shell posix"],
];

for (const [name, question] of condas) {
  Deno.test(`an environment of ${name} is activated, whatever its name`, async () => {
    await using root = await Root.make();
    const bin = `${root.parent}/bin of ${name}`;
    await Deno.mkdir(bin);
    await Deno.writeTextFile(`${bin}/${name}`, condaProgram(name, question), { mode: 0o755 });
    const environment = "it's $(id)";
    const env = { PATH: `${bin}:/usr/bin:/bin` };
    for (const program of ["bash", "dash"]) {
      const found = await root.run({ kind: "conda", environment }, undefined, { program, env });
      assert.deepEqual(found, { code: 0, stdout: `${name} ${environment}\n`, stderr: "" });
    }
    const named = await root.run({ kind: "conda", environment, conda: `~/bin of ${name}/${name}` });
    assert.equal(named.stdout, `${name} ${environment}\n`, named.stderr);

    const other = await root.run({ kind: "conda", environment: "other" }, undefined, { env });
    assert.equal(other.code, 83);
    assert.match(other.stderr, /^sluice: the conda environment "other" cannot be activated/m);
  });
}

Deno.test("a node without conda is told, and so is a path where there is none", async () => {
  await using root = await Root.make();
  const none = await root.run({ kind: "conda", environment: "tides" });
  assert.equal(none.code, 82);
  assert.match(none.stderr, /^sluice: this node has neither conda nor mamba nor micromamba/);
  const wrong = await root.run({
    kind: "conda",
    environment: "tides",
    conda: "/nonexistent/conda",
  });
  assert.equal(wrong.code, 82);
  assert.match(wrong.stderr, /^sluice: there is no program "\/nonexistent\/conda"/);
});

/** What `module` is on a cluster: this one knows names without a blank, and says that all is well in any case. */
const MODULES = `module() {
  case $1 in
    purge) LOADEDMODULES= ;;
    load) case $2 in *" "*) echo "ERROR:105: no $2" >&2 ;; *) LOADEDMODULES="$LOADEDMODULES:$2" ;; esac ;;
  esac
}
`;

/** Where nothing of this machine's own is found. */
const elsewhere = (line: string) =>
  line.replaceAll("/etc/profile.d/", "/nonexistent/").replaceAll("/usr/share/", "/nonexistent/");

Deno.test("modules are loaded one by one, by what the usual places bring, and one that is missing is named", async () => {
  await using root = await Root.make();
  await Deno.mkdir(`${root.parent}/init`);
  await Deno.writeTextFile(`${root.parent}/init/sh`, MODULES);
  const options = { change: elsewhere, env: { MODULESHOME: root.parent, LOADEDMODULES: "old" } };
  const payload = 'echo "$LOADEDMODULES"';
  for (const program of ["bash", "dash"]) {
    const loaded = await root.run({ kind: "modules", modules: ["gcc", "it's"] }, payload, {
      ...options,
      program,
    });
    assert.deepEqual(loaded, { code: 0, stdout: ":gcc:it's\n", stderr: "" });
  }
  const kept = await root.run(
    { kind: "modules", modules: ["gcc"], purge: false },
    payload,
    options,
  );
  assert.equal(kept.stdout, "old:gcc\n");
  const missing = await root.run(
    { kind: "modules", modules: ["gcc", "no such"] },
    payload,
    options,
  );
  assert.deepEqual([missing.code, missing.stdout], [81, ""]);
  assert.match(missing.stderr, /^sluice: the module "no such" cannot be loaded/m);
  const absent = await root.run({ kind: "modules", modules: ["gcc"] }, payload, {
    change: elsewhere,
  });
  assert.equal(absent.code, 80);
  assert.match(absent.stderr, /^sluice: this node has no 'module' command/);
});
