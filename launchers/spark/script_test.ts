import assert from "node:assert/strict";
import { join } from "node:path";
import { sparkLauncherSchema } from "../../model/mod.ts";
import { askedProperties } from "./properties.ts";
import { sparkScript } from "./script.ts";
import { SPARK_PROPERTIES_FILE, SPARK_SCRIPT_FILE } from "./terms.ts";
import type { SparkApplication, SparkMaster } from "./terms.ts";

const SHELLS = ["dash", "bash"] as const;
const ATTEMPT = "01890a5d-ac96-774b-bcce-b302099a8057";

/** What stands for a program of Spark where Spark itself must fail, or need not be there. */
type Programs = Readonly<Partial<Record<"spark-class" | "spark-submit", string>>>;

interface Setup {
  readonly spark?: Readonly<Record<string, unknown>>;
  readonly master?: SparkMaster;
  readonly application?: SparkApplication["kind"];
  readonly programs?: Programs;
}

/** An attempt's directory, with a SPARK_HOME and a JAVA_HOME beside it. */
class Attempt implements AsyncDisposable {
  private constructor(readonly place: string, readonly shell: string) {}

  get directory(): string {
    return join(this.place, "it's the attempt");
  }

  get temporary(): string {
    return join(this.place, "tmp");
  }

  static async make(shell: string, setup: Setup = {}): Promise<Attempt> {
    const { spark = {}, master = { kind: "own" }, application = "submit", programs = {} } = setup;
    const attempt = new Attempt(await Deno.makeTempDir({ prefix: "sluice-spark-test-" }), shell);
    const spec = sparkLauncherSchema.parse({ kind: "spark", ...spark });
    const write = async (path: string, text: string) => {
      await Deno.mkdir(join(attempt.place, path, ".."), { recursive: true });
      await Deno.writeTextFile(join(attempt.place, path), text, { mode: 0o755 });
    };
    await Deno.mkdir(attempt.directory);
    await Deno.mkdir(attempt.temporary);
    await write("java/bin/java", "#!/bin/sh\n");
    for (const [name, text] of Object.entries({ "spark-class": "exit 1", ...programs })) {
      await write(`spark/bin/${name}`, `#!/bin/sh\n${text}\n`);
    }
    await write(
      `it's the attempt/${SPARK_SCRIPT_FILE}`,
      sparkScript(spec, master, { kind: application }),
    );
    await write(`it's the attempt/${SPARK_PROPERTIES_FILE}`, askedProperties(spec));
    return attempt;
  }

  start(
    words: readonly string[] = [],
    environment: Record<string, string> = {},
  ): Deno.ChildProcess {
    return new Deno.Command(this.shell, {
      args: [
        "-c",
        // PATH of the script, which need not have the shell.
        'PATH=${SCRIPT_PATH:-$PATH} exec "$0" "$@"',
        `/bin/${this.shell}`,
        join(this.directory, SPARK_SCRIPT_FILE),
        "first",
        this.directory,
        join(this.place, "spool"),
        ATTEMPT,
        "-",
        "0",
        ...words,
      ],
      clearEnv: true,
      env: {
        PATH: "/usr/bin:/bin",
        TMPDIR: this.temporary,
        JAVA_HOME: join(this.place, "java"),
        SPARK_HOME: join(this.place, "spark"),
        SLURM_JOB_NUM_NODES: "2",
        ...environment,
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** Runs the script to its end. */
  async run(
    words: readonly string[] = [],
    environment: Record<string, string> = {},
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    return await outcome(this.start(words, environment));
  }

  /** Fails where something temporary is left. */
  async assertClean(): Promise<void> {
    const left = await Array.fromAsync(Deno.readDir(this.temporary), ({ name }) => name);
    assert.deepEqual(left, []);
    const files = await Array.fromAsync(Deno.readDir(this.directory), ({ name }) => name);
    assert.deepEqual(files.filter((name) => name.startsWith("cluster")), []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.place, { recursive: true });
  }
}

async function outcome(child: Deno.ChildProcess) {
  const { code, stdout, stderr } = await child.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

function shellTest(name: string, body: (shell: string) => Promise<void>): void {
  for (const shell of SHELLS) Deno.test(`${name} (${shell})`, () => body(shell));
}

/** A master that comes up, as its log says, and of which nothing can be asked. */
const DEAF_MASTER = `case $1 in
*Master)
  echo "INFO Utils: Successfully started service 'sparkMaster' on port 1." >>master.log
  echo "INFO Utils: Successfully started service 'MasterUI' on port 1." >>master.log ;;
esac
exec sleep 1000`;

shellTest("a node without Spark is told with a status of its own", async (shell) => {
  await using attempt = await Attempt.make(shell);
  const { code, stderr } = await attempt.run([], { SPARK_HOME: "/nonexistent" });
  assert.equal(code, 69);
  assert.match(stderr, /^sluice: there is no Spark on /);
  await attempt.assertClean();
});

shellTest("a node without Java is told with a status of its own", async (shell) => {
  await using attempt = await Attempt.make(shell);
  const bin = join(attempt.place, "bin");
  await Deno.mkdir(bin);
  for (const name of ["uname", "rm", "rmdir", "date"]) {
    await Deno.writeTextFile(join(bin, name), `#!/bin/sh\nexec /usr/bin/${name} "$@"\n`, {
      mode: 0o755,
    });
  }
  const { code, stderr } = await attempt.run([], { SCRIPT_PATH: bin, JAVA_HOME: "" });
  assert.equal(code, 69);
  assert.match(stderr, /^sluice: there is no Java on /);
  await attempt.assertClean();
});

shellTest("a master that ends as it comes up is told with its last words", async (shell) => {
  await using attempt = await Attempt.make(shell, {
    programs: { "spark-class": "echo no such luck; exit 1" },
  });
  const { code, stderr } = await attempt.run();
  assert.equal(code, 70);
  assert.match(stderr, /no such luck\nsluice: the Spark master ended as it came up; see /);
  await attempt.assertClean();
});

shellTest("a master that does not come up in time is given up, and ended", async (shell) => {
  await using attempt = await Attempt.make(shell, {
    spark: { masterTimeoutSeconds: 1 },
    programs: { "spark-class": 'echo "$$" >"$TMPDIR/../pid"; exec sleep 1000' },
  });
  const { code, stderr } = await attempt.run();
  assert.equal(code, 70);
  assert.match(stderr, /sluice: the Spark master was not up after 1 s; see /);
  const left = await new Deno.Command(shell, {
    // Its time may be over before it has come to its first word.
    args: [
      "-c",
      'pid=$(cat "$1" 2>/dev/null) && kill -0 "$pid"',
      shell,
      join(attempt.place, "pid"),
    ],
    stderr: "null",
  }).output();
  assert.equal(left.success, false);
  await attempt.assertClean();
});

shellTest(
  "workers that the master does not list in time are counted in the error",
  async (shell) => {
    await using attempt = await Attempt.make(shell, {
      spark: { workersTimeoutSeconds: 1 },
      programs: { "spark-class": DEAF_MASTER },
    });
    const { code, stderr } = await attempt.run();
    assert.equal(code, 71);
    assert.match(stderr, /sluice: 0 of 2 Spark workers had registered after 1 s; see /);
    await attempt.assertClean();
  },
);

shellTest(
  "executors that fit into no worker are refused, since they would be waited for",
  async (shell) => {
    await using attempt = await Attempt.make(shell, { spark: { executorMemory: "2G" } });
    const { code, stderr } = await attempt.run([], { SLURM_MEM_PER_NODE: "3000" });
    assert.equal(code, 78);
    assert.match(stderr, /an executor of 2048 MiB of memory does not fit into a worker of 1976/);
    await attempt.assertClean();
  },
);

const LOCAL: Setup = { master: { kind: "local" } };

shellTest(
  "an application gets its words, its properties and a master, and keeps its exit code",
  async (shell) => {
    await using attempt = await Attempt.make(shell, {
      ...LOCAL,
      spark: { conf: { "spark.a": "b" }, submitArguments: ["--name", "it's"] },
      programs: {
        "spark-submit": 'printf "%s\\n" "$@"; cat "$SPARK_CONF_DIR/spark-defaults.conf"; exit 5',
      },
    });
    const { code, stdout } = await attempt.run(["count.py", "a  file"]);
    assert.equal(code, 5);
    const [first = "", rest = ""] = stdout.split("spark.ui.port=0\n");
    assert.equal(first, "--master\nlocal[*]\n--name\nit's\ncount.py\na  file\n");
    assert.match(rest, /\nspark\.a=b\nspark\.master=local\[\*\]\n$/);
    await attempt.assertClean();
  },
);

shellTest("the user's own configuration is kept, below what is asked for", async (shell) => {
  await using attempt = await Attempt.make(shell, {
    ...LOCAL,
    spark: { conf: { "spark.a": "asked" } },
    programs: {
      "spark-submit": 'cat "$SPARK_CONF_DIR/spark-defaults.conf" "$SPARK_CONF_DIR/other"',
    },
  });
  const conf = join(attempt.place, "own conf");
  await Deno.mkdir(conf);
  await Deno.writeTextFile(join(conf, "spark-defaults.conf"), "spark.a own\nspark.b own");
  await Deno.writeTextFile(join(conf, "other"), "other\n");
  const { stdout } = await attempt.run(["count.py"], { SPARK_CONF_DIR: conf });
  assert.match(stdout, /\nspark\.a own\nspark\.b own\nspark\.a=asked\nspark\.master=\S+\nother\n$/);
});

shellTest("a program finds Spark by its variables", async (shell) => {
  await using attempt = await Attempt.make(shell, {
    ...LOCAL,
    application: "program",
    programs: { "spark-submit": "" },
  });
  const { code, stdout } = await attempt.run([
    "sh",
    "-c",
    'echo "$SPARK_MASTER $MASTER"; [ "$(command -v spark-submit)" = "$SPARK_HOME/bin/spark-submit" ]',
  ]);
  assert.deepEqual([code, stdout], [0, "local[*] local[*]\n"]);
});

shellTest(
  "a payload that is told to end has the grace to do so, and what is left is ended",
  async (shell) => {
    await using attempt = await Attempt.make(shell, { ...LOCAL, application: "program" });
    const started = join(attempt.place, "started");
    const child = attempt.start([
      "sh",
      "-c",
      'trap "exit 9" TERM; : >"$0"; while :; do sleep 0.1; done',
      started,
    ]);
    while (!await exists(started)) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill("SIGTERM");
    assert.equal((await outcome(child)).code, 9);
    await attempt.assertClean();
  },
);

shellTest("a payload that does not end when it is told is killed", async (shell) => {
  await using attempt = await Attempt.make(shell, {
    ...LOCAL,
    application: "program",
    spark: { graceSeconds: 1 },
  });
  const started = join(attempt.place, "started");
  const child = attempt.start([
    "sh",
    "-c",
    'trap "" TERM; : >"$0"; while :; do sleep 0.1; done',
    started,
  ]);
  while (!await exists(started)) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill("SIGTERM");
  assert.equal((await outcome(child)).code, 137);
  await attempt.assertClean();
});

shellTest("a signal that only the payload knows does not end what is around it", async (shell) => {
  await using attempt = await Attempt.make(shell, { ...LOCAL, application: "program" });
  const started = join(attempt.place, "started");
  const go = join(attempt.place, "go");
  const child = attempt.start([
    "sh",
    "-c",
    ': >"$0"; while [ ! -e "$1" ]; do sleep 0.1; done; exit 4',
    started,
    go,
  ]);
  while (!await exists(started)) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill("SIGUSR1");
  await Deno.writeTextFile(go, "");
  assert.equal((await outcome(child)).code, 4);
  await attempt.assertClean();
});

shellTest(
  "a job waits for the cluster that another keeps standing, and takes its secret",
  async (shell) => {
    await using attempt = await Attempt.make(shell, {
      master: { kind: "standing", directory: "../other's" },
      programs: { "spark-submit": 'echo "$2"; grep secret "$SPARK_CONF_DIR/spark-defaults.conf"' },
    });
    const other = join(attempt.place, "other's");
    await Deno.mkdir(other);
    const child = attempt.start(["count.py"], { SLUICE_JOB_DIRECTORY: attempt.directory });
    await Deno.writeTextFile(join(other, "cluster_secret"), "hush\n");
    await Deno.writeTextFile(
      join(other, ".cluster"),
      "framework=spark\naddress=spark://n1:7077\ndashboard=n1:1\n",
    );
    await Deno.rename(join(other, ".cluster"), join(other, "cluster"));
    const { code, stdout } = await outcome(child);
    assert.deepEqual([code, stdout], [0, "spark://n1:7077\nspark.authenticate.secret=hush\n"]);
  },
);

shellTest("a standing cluster that has ended is not waited for", async (shell) => {
  await using attempt = await Attempt.make(shell, {
    master: { kind: "standing", directory: "../other" },
  });
  await Deno.mkdir(join(attempt.place, "other"));
  await Deno.writeTextFile(join(attempt.place, "other", "exit"), "");
  const { code, stderr } = await attempt.run(["count.py"], {
    SLUICE_JOB_DIRECTORY: attempt.directory,
  });
  assert.equal(code, 68);
  assert.match(
    stderr,
    /^sluice: the Spark cluster that is job [^/]+ has ended; its standard error says why\n$/,
  );
});

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
