/**
 * The batch script of a heterogeneous job with a stand-in for srun, which starts the step on this machine.
 */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { attemptId, jobIdSchema, jobSpecSchema } from "../model/mod.ts";
import { componentFiles, DUPLICATE_EXIT_CODE, launch, scriptTerms } from "./mod.ts";
import type { PlannedComponent } from "./mod.ts";

const jobId = jobIdSchema.parse("01890a5d-ac96-774b-bcce-b302099a8057");
const SHELLS = ["dash", "bash"] as const;

/** Behaves as srun with one task, as far as the batch script asks for it. */
const SRUN = `#!/bin/sh
echo "srun: $*" >>"$ASKED"
for word; do
  case $word in --het-group=*) group=\${word#*=} ;; --error=*) error=\${word#*=} ;; esac
done
while [ "\${1#--}" != "$1" ]; do shift; done
if [ "$group" = "\${BROKEN:-}" ]; then
  echo "srun: error: Unable to create step" >&2
  exit 1
fi
SLURM_PROCID=0 SLURM_STEP_ID=$group SLURM_STEP_NODELIST=n$group SLURM_STEP_NUM_NODES=1
export SLURM_PROCID SLURM_STEP_ID SLURM_STEP_NODELIST SLURM_STEP_NUM_NODES
if [ "$group" = "\${DEAF:-}" ]; then
  "$@" >/dev/null 2>>"$error"
  exit 0
fi
exec "$@" >/dev/null 2>>"$error"
`;

/** A component that runs a script of `sh`. */
function component(text: string): PlannedComponent {
  const spec = jobSpecSchema.parse({
    cluster: "here",
    payload: { kind: "script", script: `#!/bin/sh\n${text}\n` },
  });
  const { resources } = spec;
  return {
    terms: scriptTerms(spec, spec.name),
    resources,
    plan: launch(spec, { kind: "allocation" }),
  };
}

/** A job's directory with the files of its only attempt. */
class JobDirectory implements AsyncDisposable {
  readonly #parent: string;
  readonly path: string;

  private constructor(parent: string) {
    this.#parent = parent;
    this.path = join(parent, "it's a job");
  }

  /** @param scripts What each component runs. */
  static create(...scripts: readonly string[]): Promise<JobDirectory> {
    return JobDirectory.of(scripts.map((script) => component(script)));
  }

  static async of(components: readonly PlannedComponent[]): Promise<JobDirectory> {
    const job = new JobDirectory(await Deno.makeTempDir({ prefix: "sluice-components-" }));
    const files = componentFiles(attemptId(jobId, 1), components);
    for (const { name, text } of files) await job.#program(join(job.path, name), text);
    await job.#program(join(job.#parent, "bin/srun"), SRUN);
    await Deno.writeTextFile(join(job.#parent, "asked"), "");
    return job;
  }

  async #program(path: string, text: string): Promise<void> {
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(path, text, { mode: 0o700 });
  }

  /** Runs the batch script to its end; gives its exit status. */
  async run(shell: string, environment: Record<string, string> = {}): Promise<number> {
    const { code } = await new Deno.Command(shell, {
      args: ["job.sh", "../spool"],
      cwd: this.path,
      clearEnv: true,
      env: {
        PATH: `${join(this.#parent, "bin")}:/usr/bin:/bin`,
        ASKED: join(this.#parent, "asked"),
        SLURM_JOB_ID: "12",
        SLURM_JOB_ID_HET_GROUP_0: "12",
        SLURM_JOB_ID_HET_GROUP_1: "13",
        ...environment,
      },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return code;
  }

  /** The content of a file in the job's directory; empty where there is none. */
  async read(name: string): Promise<string> {
    try {
      return await Deno.readTextFile(join(this.path, name));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    }
  }

  /** The status and the signal of a component's record. */
  async recorded(component: number): Promise<string> {
    return (await this.read(`exit.${component}`)).split(" ").slice(2, 4).join(" ");
  }

  /** How often srun was started for a component. */
  async asked(component: number): Promise<number> {
    const asked = await Deno.readTextFile(join(this.#parent, "asked"));
    return asked.split(`--het-group=${component} `).length - 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#parent, { recursive: true });
  }
}

function shellTest(name: string, body: (shell: string) => Promise<void>): void {
  for (const shell of SHELLS) Deno.test(`${name} (${shell})`, () => body(shell));
}

shellTest(
  "each component has output and a record of its own, and the job fails as the first that failed",
  async (shell) => {
    await using job = await JobDirectory.create(
      'echo "$SLUICE_COMPONENT of $SLUICE_COMPONENTS at $SLURM_JOB_NODELIST"',
      "echo wrong >&2; exit 3",
      "exit 4",
    );
    assert.equal(await job.run(shell), 3);
    assert.equal(await job.read("stdout.0"), "0 of 3 at n0\n");
    assert.equal(await job.read("stderr.1"), "wrong\n");
    for (const [component, record] of ["0 -", "3 -", "4 -"].entries()) {
      assert.equal(await job.recorded(component), record);
    }
    assert.equal(await Deno.readLink(join(job.path, "component-1", "step")), "13.1");
    assert.equal(await Deno.readLink(join(job.path, "slurm_id")), "12");
  },
);

shellTest(
  "a component whose step cannot begin has a record that says so, and srun's own words",
  async (shell) => {
    await using job = await JobDirectory.create("true", "true");
    assert.equal(await job.run(shell, { BROKEN: "1" }), 1);
    assert.equal(await job.recorded(1), "1 NOWORD");
    assert.match(await job.read("stderr.1"), /Unable to create step/);
    assert.equal(await job.read("stderr.0"), "");
  },
);

shellTest("a component whose script is killed has a record that says so", async (shell) => {
  await using job = await JobDirectory.create("true", "kill -s KILL $PPID; sleep 1");
  assert.equal(await job.run(shell), 137);
  assert.equal(await job.recorded(1), "137 NOWORD");
});

shellTest(
  "a component that is killed has not succeeded, though srun ends with 0",
  async (shell) => {
    await using job = await JobDirectory.create("true", "kill -s KILL $PPID; sleep 1");
    assert.equal(await job.run(shell, { DEAF: "1" }), 1);
    assert.equal(await job.recorded(1), "1 NOWORD");
  },
);

shellTest("a component that was given up is not started", async (shell) => {
  await using job = await JobDirectory.create("true", "echo never");
  await Deno.symlink("given-up", join(job.path, "begun.1"));
  assert.equal(await job.run(shell), 1);
  assert.deepEqual([await job.asked(0), await job.asked(1)], [1, 0]);
  assert.equal(await job.recorded(1), "");
});

shellTest(
  "when Slurm puts the job back, only what had not come to its end runs again",
  async (shell) => {
    await using job = await JobDirectory.create("echo first", "echo second", "echo third");
    await Deno.writeTextFile(join(job.path, "exit.0"), "12 0 7 - 100 200\n");
    await Deno.writeTextFile(join(job.path, "exit.1"), "12 0 143 CONT 100 200\n");
    await Deno.writeTextFile(join(job.path, "exit.2"), "12 0 137 NOWORD 100 200\n");
    assert.equal(await job.run(shell, { SLURM_RESTART_COUNT: "1" }), 7);
    assert.equal(await job.read("stdout.0"), "");
    assert.equal(await job.read("stdout.1"), "second\n");
    assert.equal(await job.read("stdout.2"), "third\n");
  },
);

shellTest("a copy of the job that is not the one on record starts nothing", async (shell) => {
  await using job = await JobDirectory.create("true", "true");
  await Deno.symlink("11", join(job.path, "slurm_id"));
  assert.equal(await job.run(shell), DUPLICATE_EXIT_CODE);
  assert.equal(await job.asked(0), 0);
});

shellTest("steps ask for nothing that only one component has asked for", async (shell) => {
  await using job = await JobDirectory.create(
    'echo "${SLURM_GPUS-none} $SLURM_MEM_PER_NODE ${SLURM_GPUS_HET_GROUP_0-none}"',
    'echo "${SLURM_GPUS-none} ${SLURM_MEM_PER_NODE-none}"',
  );
  const environment = {
    SLURM_GPUS: "2",
    SLURM_GPUS_HET_GROUP_0: "2",
    SLURM_MEM_PER_NODE: "50",
    SLURM_MEM_PER_NODE_HET_GROUP_0: "50",
  };
  assert.equal(await job.run(shell, environment), 0);
  assert.equal(await job.read("stdout.0"), "none 50 none\n");
  assert.equal(await job.read("stdout.1"), "none none\n");
});

shellTest(
  "the other nodes of a component run its peers, and stay until srun ends them",
  async (shell) => {
    const { plan, ...rest } = component("true");
    const peers = {
      ...plan,
      peers: ['exec echo "peer of $SLUICE_COMPONENT at $SLURM_JOB_NODELIST"'],
    };
    await using job = await JobDirectory.of([component("true"), { ...rest, plan: peers }]);
    const child = new Deno.Command(shell, {
      args: ["component-1/step.sh", join(job.path, "component-1"), "../spool"],
      cwd: job.path,
      clearEnv: true,
      env: {
        PATH: "/usr/bin:/bin",
        SLURM_PROCID: "1",
        SLURM_STEP_NODELIST: "n[2-3]",
        SLURM_STEP_NUM_NODES: "2",
        SLURMD_NODENAME: "n3",
      },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      const log = () => job.read("component-1/peers.n3.log");
      while (await log() === "") await delay(10);
      assert.equal(await log(), "peer of 1 at n[2-3]\n");
    } finally {
      child.kill("SIGKILL");
      assert.equal((await child.status).signal, "SIGKILL");
    }
  },
);
