/**
 * Stand-ins for sbatch and squeue that show, on demand, the faults that a real cluster will not.
 *
 * @module
 */

import { join } from "node:path";
import type { AttemptId } from "../../model/mod.ts";

/** `take` gives the job an id and puts it into the queue, in one step or not at all. */
const SBATCH = `#!/bin/sh
home=\${0%/*}/..
for word; do
  case $word in --comment=*) comment=\${word#--comment=} ;; esac
done
take() {
  id=1
  until mkdir "$home/ids/$id" 2>/dev/null; do id=$((id + 1)); done
  printf '%s %s\\n' "$comment" "$id" >>"$home/queue"
}
printf '%s\\n' "$comment" >>"$home/asked"
. "$home/sbatch.mode"
`;

const SQUEUE = `#!/bin/sh
home=\${0%/*}/..
. "$home/squeue.mode"
`;

/** What sbatch does when all is well. */
export const ACCEPTS = "take; echo $id";

/** How a program ended. */
export interface Ended {
  /** Exit status. */
  readonly code: number;
  /** Standard output. */
  readonly stdout: string;
  /** Standard error. */
  readonly stderr: string;
}

/** A directory with the stand-ins, their memory, and room for jobs. */
export class FakeSlurm implements AsyncDisposable {
  /** Where the jobs' directories lie. */
  readonly root: string;
  readonly #home: string;
  readonly #children = new Set<Deno.ChildProcess>();

  private constructor(home: string) {
    this.#home = home;
    this.root = join(home, "it's a root");
  }

  /** Makes the stand-ins; sbatch accepts. */
  static async create(): Promise<FakeSlurm> {
    const fake = new FakeSlurm(await Deno.makeTempDir({ prefix: "sluice-fake-slurm-" }));
    for (const directory of ["bin", "ids"]) await Deno.mkdir(join(fake.#home, directory));
    await Deno.writeTextFile(join(fake.#home, "queue"), "");
    await Deno.writeTextFile(join(fake.#home, "asked"), "");
    await Deno.writeTextFile(join(fake.#home, "bin/sbatch"), SBATCH, { mode: 0o755 });
    await Deno.writeTextFile(join(fake.#home, "bin/squeue"), SQUEUE, { mode: 0o755 });
    await fake.sbatch(ACCEPTS);
    await fake.squeue('cat "$home/queue"');
    return fake;
  }

  /** What sbatch does from now on, as shell commands that may call `take`. */
  sbatch(mode: string): Promise<void> {
    return Deno.writeTextFile(join(this.#home, "sbatch.mode"), mode);
  }

  /** What squeue does from now on. */
  squeue(mode: string): Promise<void> {
    return Deno.writeTextFile(join(this.#home, "squeue.mode"), mode);
  }

  /** The directory of the stand-ins, to be put before others on PATH. */
  get bin(): string {
    return join(this.#home, "bin");
  }

  /** Adds another command to the stand-ins. */
  command(name: string, script: string): Promise<void> {
    return Deno.writeTextFile(join(this.bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  /** Adds a line to the queue, as if somebody had submitted something else. */
  enqueue(line: string): Promise<void> {
    return Deno.writeTextFile(join(this.#home, "queue"), `${line}\n`, { append: true });
  }

  /** How often sbatch was started. */
  async asked(): Promise<number> {
    return (await Deno.readTextFile(join(this.#home, "asked"))).split("\n").length - 1;
  }

  /** The ids under which the queue has the job: more than one would be a duplicate. */
  async queued(attemptId: AttemptId): Promise<string[]> {
    const lines = (await Deno.readTextFile(join(this.#home, "queue"))).split("\n");
    return lines.flatMap((line) => {
      const [comment, id] = line.split(" ");
      return comment === `sluice:${attemptId}` && id !== undefined ? [id] : [];
    });
  }

  /** Starts a program in a process group of its own, whose number is the child's id. */
  start(shell: string, program: string): Deno.ChildProcess {
    const child = new Deno.Command("timeout", {
      args: ["-k", "5", "600", shell],
      env: { PATH: `${this.#home}/bin:/usr/bin:/bin` },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#children.add(child);
    void feed(child, program);
    return child;
  }

  /** What became of a program that was started. */
  async end(child: Deno.ChildProcess): Promise<Ended> {
    const { code, stdout, stderr } = await child.output();
    this.#children.delete(child);
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  /** Runs a program to its end. */
  run(shell: string, program: string): Promise<Ended> {
    return this.end(this.start(shell, program));
  }

  /** Ends what still runs and removes everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of [...this.#children]) {
      await killGroup(child);
      await this.end(child);
    }
    await Deno.remove(this.#home, { recursive: true });
  }
}

async function feed(child: Deno.ChildProcess, program: string): Promise<void> {
  const writer = child.stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(program));
    await writer.close();
  } catch (error) {
    // The program was killed before it had been read.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** Ends every process of the program at once, as a machine that loses power does. */
export async function killGroup(child: Deno.ChildProcess): Promise<void> {
  await new Deno.Command("kill", { args: ["-s", "KILL", "--", `-${child.pid}`], stderr: "null" })
    .output();
}
