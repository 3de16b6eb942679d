import { throughShell } from "../../../shell/mod.ts";
import { toLines } from "../lines.ts";

/** Root of the repository. */
const ROOT = new URL("../../../", import.meta.url);

/**
 * Another process of a benchmark, which is told and asked things one JSON line at a time: what a user has
 * in two processes is measured in two.
 */
export class Child implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #script: string;

  /** Starts a script of this folder. @param args What it is given. */
  constructor(script: string, ...args: readonly string[]) {
    this.#script = script;
    this.#process = new Deno.Command("sh", {
      args: throughShell([
        Deno.execPath(),
        "run",
        "--no-prompt",
        "--quiet",
        "--no-check",
        "--allow-net=127.0.0.1",
        "--allow-read",
        "--allow-write=.sluice/bench",
        "--allow-env",
        `scripts/bench/rpc/${script}`,
        ...args,
      ]),
      cwd: ROOT,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#lines = toLines(this.#process.stdout);
  }

  /** The next thing that it says. */
  async heard(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`${this.#script} has ended`);
    return JSON.parse(value);
  }

  /** Tells it something and waits for what it says to that. */
  async ask(question: unknown): Promise<unknown> {
    await this.#input.write(new TextEncoder().encode(`${JSON.stringify(question)}\n`));
    return await this.heard();
  }

  /** Ends it and waits until it is gone: a script ends with its input. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    while ((await this.#lines.next()).done !== true);
    await this.#process.status;
  }
}
