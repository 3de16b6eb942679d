/**
 * Running the script of a job as a scheduler would, without one.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { attemptId, jobIdSchema, jobSpecSchema } from "../../model/mod.ts";
import type { JobSpec, JobSpecInput } from "../../model/mod.ts";
import { JOB_SCRIPT_FILE, jobScript, launch } from "../mod.ts";

/** The job of all tests. */
export const jobId = jobIdSchema.parse("01890a5d-ac96-774b-bcce-b302099a8057");

/** The shells that a script must run in. */
export const SHELLS = ["dash", "bash"] as const;

/** A job, wherever it runs. */
export type Input = Omit<JobSpecInput, "cluster">;

function specOf(input: Input): JobSpec {
  return jobSpecSchema.parse({ cluster: "here", ...input });
}

/** A job's directory, set up as a submission leaves it. */
export class JobDirectory implements AsyncDisposable {
  readonly #parent: string;
  readonly path: string;
  readonly spool: string;

  private constructor(parent: string, readonly shell: string, name: string) {
    this.#parent = parent;
    this.path = join(parent, name);
    this.spool = join(parent, "spool");
  }

  static async create(shell: string, input: Input): Promise<JobDirectory> {
    const job = new JobDirectory(
      await Deno.makeTempDir({ prefix: "sluice-job-script-" }),
      shell,
      "it's a $(job)",
    );
    await Deno.mkdir(job.path);
    await job.prepare(input);
    return job;
  }

  /** Lays down the files of an attempt, in a directory of its own below the job's where one is named. */
  async prepare(input: Input, attempt = 1, directory = "."): Promise<void> {
    await Deno.mkdir(join(this.path, directory), { recursive: true });
    const spec = specOf(input);
    const plan = launch(spec, { kind: "allocation" });
    const script = {
      name: JOB_SCRIPT_FILE,
      text: jobScript(attemptId(jobId, attempt), spec, plan),
      executable: true,
    };
    for (const { name, text } of [...plan.files, script]) {
      await Deno.writeTextFile(join(this.path, directory, name), text, { mode: 0o700 });
    }
  }

  /** Starts the script as Slurm would, in a session whose number is the child's id. */
  start(
    environment: Record<string, string> = {},
    spool = "../spool",
    directory?: string,
  ): Deno.ChildProcess {
    return new Deno.Command("setsid", {
      args: [
        this.shell,
        join(directory ?? ".", JOB_SCRIPT_FILE),
        spool,
        ...(directory === undefined ? [] : [directory]),
      ],
      cwd: this.path,
      clearEnv: true,
      env: { PATH: "/usr/bin:/bin", HOME: this.path, SLURM_JOB_ID: "12", ...environment },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  async run(environment?: Record<string, string>, spool?: string, directory?: string) {
    const { code, stdout, stderr } = await this.start(environment, spool, directory).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  text(name: string): Promise<string> {
    return Deno.readTextFile(join(this.path, name));
  }

  /** The record of the end without its times. */
  async record(name = "exit"): Promise<string> {
    const words = (await this.text(name)).split(" ");
    assert.equal(words.length, 6);
    for (const time of words.slice(4)) assert.match(time, /^\d{10}\n?$/);
    return words.slice(0, 4).join(" ");
  }

  /** The lines of the spool, with the time of a start as `T`. */
  async spooled(): Promise<string[]> {
    const lines = (await Deno.readTextFile(this.spool)).split("\n");
    assert.equal(lines.pop(), "");
    return lines.map((line) => line.replace(/start \d{10}/, "start T"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#parent, { recursive: true });
  }
}

/** Tests a job in each of the shells. */
export function shellTest(
  name: string,
  input: Input,
  body: (job: JobDirectory) => Promise<void>,
): void {
  for (const shell of SHELLS) {
    Deno.test(`${name} (${shell})`, async () => {
      await using job = await JobDirectory.create(shell, input);
      await body(job);
    });
  }
}

/** A job that has printed `ready`. */
export class Running implements AsyncDisposable {
  readonly pid: number;
  readonly #child: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #text = "";

  private constructor(child: Deno.ChildProcess) {
    this.pid = child.pid;
    this.#child = child;
    this.#reader = child.stdout.getReader();
  }

  static async of(child: Deno.ChildProcess): Promise<Running> {
    const running = new Running(child);
    await running.printed("ready\n");
    return running;
  }

  /** Waits until the job has printed the text. */
  async printed(text: string): Promise<string> {
    while (!this.#text.includes(text)) {
      const { done, value } = await this.#reader.read();
      assert.ok(!done, `no ${JSON.stringify(text)} in ${JSON.stringify(this.#text)}`);
      this.#text += new TextDecoder().decode(value);
    }
    return this.#text;
  }

  /** Sends a signal to a process, or with a negative number to a group. */
  async send(signal: string, target: number = this.pid): Promise<void> {
    await new Deno.Command("kill", { args: ["-s", signal, "--", String(target)], stderr: "null" })
      .output();
  }

  /** The number of the payload's process group, which it has printed with {@linkcode tellGroup}. */
  async group(): Promise<number> {
    return Number(/ready\ngroup (\d+)\n/.exec(await this.printed("\ngroup "))?.[1]);
  }

  async code(): Promise<number> {
    return (await this.#child.status).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.send("KILL", -this.pid);
    await this.#reader.cancel();
    await this.#child.stderr.cancel();
    await this.#child.status;
  }
}
