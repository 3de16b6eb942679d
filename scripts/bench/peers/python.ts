/**
 * Packages from PyPI, each in a virtual environment of its own, driven by a small program that takes
 * requests as lines of JSON.
 *
 * @module
 */

import { z } from "zod";
import { pythonTool } from "../../testbed/mod.ts";
import { toLines } from "../lines.ts";
import type { Address } from "./address.ts";

/** A package to compare with, and the program beside this file that drives it. */
export interface PythonPackage {
  /** Its name and version as pip takes them. */
  readonly requirement: string;
  /** Name of the program. */
  readonly program: string;
}

/** flytekit's Slurm connector. */
export const FLYTEKIT_SLURM: PythonPackage = {
  requirement: "flytekitplugins-slurm==1.16.31",
  program: "flytekit_slurm.py",
};

/** Dagster's Slurm client. */
export const DAGSTER_SLURM: PythonPackage = {
  requirement: "dagster-slurm==1.22.0",
  program: "dagster_slurm_driver.py",
};

const answerSchema = z.object({ done: z.int() });

/** A package at work: it submits and asks in the ways of its own. */
export class PythonPeer implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#lines = toLines(child.stdout);
  }

  /** Starts it and waits until it is connected. @param home A directory of its own for its settings. */
  static async open(from: PythonPackage, address: Address, home: string): Promise<PythonPeer> {
    const environment = await pythonTool(from.requirement);
    const program = new URL(from.program, import.meta.url).pathname;
    const child = new Deno.Command("sh", {
      args: [
        "-c",
        'exec "$@" 2>"$HOME/peer.log"',
        "sh",
        `${environment}/bin/python`,
        "-B",
        program,
        JSON.stringify(address),
      ],
      env: { HOME: home, DAGSTER_HOME: home },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const peer = new PythonPeer(child);
    await peer.#answer();
    return peer;
  }

  /** Number of its process. */
  get processId(): number {
    return this.#child.pid;
  }

  /** Submits so many jobs of the given name, each with a script of its own, to start in an hour. */
  async submit(count: number, name: string): Promise<number> {
    await this.#ask({ submit: count, name });
    return await this.#answer();
  }

  /** Asks once for the state of each of the given jobs. */
  async status(jobs: readonly string[]): Promise<number> {
    await this.#ask({ status: jobs });
    return await this.#answer();
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#child.status;
    await this.#lines.return?.();
  }

  async #ask(request: unknown): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`));
  }

  async #answer(): Promise<number> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("the peer ended; see peer.log in its home directory");
    return answerSchema.parse(JSON.parse(value)).done;
  }
}
