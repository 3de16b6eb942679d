import { commandLine, quote, throughShell } from "../../../shell/mod.ts";
import { runScript } from "../../testbed/mod.ts";
import { toLines } from "../lines.ts";
import { sshWords } from "../peers/address.ts";
import type { Address } from "../peers/address.ts";
import { Moments } from "./moments.ts";
import type { RunName } from "./moments.ts";

/**
 * The limit: one `tail -F` by OpenSSH on a file to which each job appends the times of its first and last
 * instruction, the moment it has taken them.
 */
export class TailWitness implements AsyncDisposable {
  /** When things happened, as the jobs say. */
  readonly truth = new Moments();
  /** When their lines arrived. */
  readonly learnt = new Moments();
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#reading = this.#read(child.stdout);
  }

  /** Begins to follow the file, which must exist. */
  static open(address: Address, file: string): TailWitness {
    const ssh = sshWords(address, ["ControlPath=none"]);
    // tail alone would outlive the connection until it has something to write.
    const follow = `tail -n 0 -F -- ${quote(file)} & tail=$!; cat >/dev/null; kill "$tail"`;
    const words = [...ssh, follow];
    const child = new Deno.Command("sh", {
      args: throughShell(words),
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    return new TailWitness(child);
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of toLines(stream)) {
      const now = Date.now();
      const [run = "", moment, nanoseconds] = text.split(" ");
      if (moment !== "start" && moment !== "end") continue;
      this.truth.note(moment, run, Number(nanoseconds) / 1e6);
      this.learnt.note(moment, run, now);
    }
  }

  /** Ends the command. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close();
    await this.#reading;
    await this.#child.status;
  }
}

/** Somebody who asks squeue every five seconds, over a standing connection of OpenSSH's ControlMaster. */
export class PollingWitness implements AsyncDisposable {
  /** When it learnt what. */
  readonly learnt = new Moments();
  readonly #stop = new AbortController();
  readonly #asking: Promise<void>;

  private constructor(
    ssh: readonly string[],
    private readonly runs: ReadonlyMap<string, RunName>,
    private readonly everyMs: number,
  ) {
    this.#asking = this.#ask(ssh);
    // Told to who closes.
    this.#asking.catch(() => {});
  }

  /**
   * Begins to ask.
   *
   * @param directory Where the socket of the connection lies.
   * @param runs The runs by Slurm's ids, to which more may be added.
   */
  static open(
    address: Address,
    directory: string,
    runs: ReadonlyMap<string, RunName>,
    everyMs: number,
  ): PollingWitness {
    const ssh = sshWords(address, [
      `ControlPath=${directory}/control`,
      "ControlMaster=auto",
      "ControlPersist=60",
    ]);
    return new PollingWitness(ssh, runs, everyMs);
  }

  async #ask(ssh: readonly string[]): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const begun = Date.now();
      const script = `exec ${
        commandLine([...ssh, "squeue -h -t all --me -r -o '%i %T'"])
      } 2>/dev/null`;
      const printed = await runScript("ask squeue", script, []);
      const now = Date.now();
      for (const text of printed.split("\n")) {
        const [id = "", state] = text.split(" ");
        const run = this.runs.get(id);
        if (run === undefined || state === "PENDING" || state === "CONFIGURING") continue;
        this.learnt.note("start", run, now);
        if (state !== "RUNNING" && state !== "COMPLETING") this.learnt.note("end", run, now);
      }
      await pause(begun + this.everyMs - Date.now(), this.#stop.signal);
    }
    await runScript(
      "close the connection",
      `${commandLine(withoutCommand(ssh))} 2>/dev/null || true`,
      [],
    );
  }

  /** Stops asking. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#asking;
  }
}

function withoutCommand(ssh: readonly string[]): string[] {
  const [program = "ssh", ...rest] = ssh;
  return [program, "-O", "exit", ...rest];
}

/** Resolves after so long, or as soon as the signal is aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
}
