/**
 * A session whose agent runs on this machine, in a shell of choice, with stand-ins for srun and scancel: for
 * what a real cluster does not show on demand.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  allocationJob,
  attemptId,
  jobSpecSchema,
  newJobId,
  sessionOfAllocation,
} from "../../model/mod.ts";
import type { AllocationTerms, AttemptId, JobSpecInput, SessionId } from "../../model/mod.ts";
import { SWEPT_MARK } from "../../launchers/mod.ts";
import { quote } from "../../shell/mod.ts";
import { remoteLayout } from "../layout.ts";
import { SlurmPlanner } from "../slurm/planner.ts";
import { parsePlaceReplies, placeProgram } from "../slurm/place_program.ts";
import type { PlaceReply } from "../slurm/place_program.ts";
import type { PlannedStep } from "../slurm/step_planner.ts";
import { FakeSlurm } from "./fake_slurm.ts";

const SERVER_ID = "here";

/** Runs what a step's srun would, as the step of the next number, which leaves nothing unless it is told otherwise. */
const SRUN = `
while case $1 in -*) true ;; *) false ;; esac; do shift; done
step=0
until mkdir "\${0%/*}/../ids/step.$step" 2>/dev/null; do step=$((step + 1)); done
SLURM_STEP_ID=$step SLURM_STEP_NODELIST=n1 SLURM_STEP_NUM_NODES=1 SLURM_PROCID=0
export SLURM_STEP_ID SLURM_STEP_NODELIST SLURM_STEP_NUM_NODES SLURM_PROCID
[ -e "\${0%/*}/../untidy" ] || true >"$SLUICE_SESSION_DIR/${SWEPT_MARK}$SLURM_JOB_ID.$step"
exec "$@"
`;

/** Wakes the one agent that there is. */
const SCANCEL = `read -r pid <"\${0%/*}/../agent" && kill -s USR2 "$pid"`;

/** A session on this machine, ended and removed at the end. */
export class FakeSession implements AsyncDisposable {
  readonly #planner: SlurmPlanner;
  /** Slurm's id of its job: no other's, since steps are known by it among all processes of the machine. */
  readonly slurmId = 1_000_000 + Math.floor(Math.random() * 1_000_000_000);
  #agent: Deno.ChildProcess | undefined;

  private constructor(
    readonly fake: FakeSlurm,
    readonly shell: string,
    readonly id: SessionId,
    readonly terms: Partial<AllocationTerms>,
  ) {
    const layout = remoteLayout(fake.root, SERVER_ID);
    this.#planner = new SlurmPlanner({ layout, serverId: SERVER_ID, defaults: {} });
  }

  /** Makes the stand-ins. The session has not begun. */
  static async create(
    shell: string,
    terms: Partial<AllocationTerms> = {},
  ): Promise<FakeSession> {
    const fake = await FakeSlurm.create();
    await fake.command("srun", SRUN);
    await fake.command("scancel", SCANCEL);
    await fake.command("scontrol", "echo 'KillWait = 1 sec'");
    return new FakeSession(fake, shell, sessionOfAllocation(newJobId()), terms);
  }

  /** The session's directory. */
  get directory(): string {
    return `${this.fake.root}/jobs/${this.id}`;
  }

  /** The script with the shell of choice for its interpreter. */
  #inShell(text: string): string {
    const shell = this.shell === "bash" ? "/bin/bash --posix" : `/bin/${this.shell}`;
    return text.replace(/^#!\/bin\/sh\n/, `#!${shell}\n`);
  }

  /**
   * Starts the session's job.
   *
   * @param environment More of what Slurm tells it.
   */
  async begin(environment: Readonly<Record<string, string>> = {}): Promise<void> {
    const attempt = attemptId(allocationJob(this.id), 1);
    const spec = jobSpecSchema.parse({
      cluster: "here",
      payload: { kind: "allocation", ...this.terms },
    });
    const { files } = this.#planner.plan(attempt, spec);
    await Deno.mkdir(this.directory, { recursive: true });
    await Deno.mkdir(`${this.fake.root}/spool`, { recursive: true });
    for (const { name, text } of files) {
      await Deno.writeTextFile(`${this.directory}/${name}`, this.#inShell(text), { mode: 0o700 });
    }
    const agent = this.fake.start(
      this.shell,
      [
        `cd ${quote(this.directory)} || exit`,
        `SLURM_JOB_ID=${this.slurmId}`,
        "SLURM_CPUS_ON_NODE=4 SLURM_JOB_NODELIST=n1",
        "export SLURM_JOB_ID SLURM_CPUS_ON_NODE SLURM_JOB_NODELIST",
        ...Object.entries(environment).map(([name, value]) => `export ${name}=${quote(value)}`),
        `echo "$$" >${quote(`${this.fake.bin}/../agent`)}`,
        `exec ./job.sh ../../spool/${SERVER_ID}`,
        "",
      ].join("\n"),
    );
    this.#agent = agent;
  }

  /** Has Slurm no time from now on to end what steps leave behind. */
  leaveUnswept(): Promise<void> {
    return Deno.writeTextFile(`${this.fake.bin}/../untidy`, "");
  }

  /** The exit status of the session's job. */
  async end(): Promise<number> {
    assert.ok(this.#agent !== undefined);
    const { code, stderr } = await this.fake.end(this.#agent);
    this.#agent = undefined;
    assert.equal(stderr, "");
    return code;
  }

  /** A step that runs a script of `sh`. */
  step(
    script: string,
    rest: Omit<JobSpecInput, "cluster" | "payload"> = {},
    attempt: AttemptId = attemptId(newJobId(), 1),
  ): PlannedStep {
    const spec = jobSpecSchema.parse({
      cluster: "here",
      payload: { kind: "script", script: `#!/bin/sh\n${script}\n` },
      ...rest,
    });
    return this.#planner.planStep(attempt, spec, this.id);
  }

  /** The program that places steps. */
  program(steps: readonly PlannedStep[]): string {
    return placeProgram(this.fake.root, `${this.fake.root}/spool/${SERVER_ID}`, steps);
  }

  /** Places steps, and gives what the program says of each. */
  async place(...steps: readonly PlannedStep[]): Promise<PlaceReply[]> {
    const { stdout, stderr } = await this.fake.run(this.shell, this.program(steps));
    assert.equal(stderr, "");
    return parsePlaceReplies(stdout);
  }

  /** What a file of the session, or of a step, holds; `undefined` where none is. */
  async read(path: string): Promise<string | undefined> {
    try {
      return await Deno.readTextFile(path);
    } catch (error) {
      const { IsADirectory, NotFound } = Deno.errors;
      if (error instanceof NotFound || error instanceof IsADirectory) return undefined;
      throw error;
    }
  }

  /** Waits until a file is there, and gives what it holds. */
  async appears(path: string): Promise<string> {
    for (let tries = 0; tries < 18_000; tries++) {
      const text = await this.read(path);
      if (text?.endsWith("\n")) return text;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`${path} never came`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fake[Symbol.asyncDispose]();
  }
}
