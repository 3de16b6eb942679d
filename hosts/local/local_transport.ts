/**
 * This machine as a transport: each channel is a child process with a process group of its own.
 *
 * @module
 */

import { ChildInput, ChildOutput } from "../child_streams.ts";
import { HostClosedError } from "../errors.ts";
import type { Channel, Transport } from "../transport.ts";

const LABEL = "local";

/** Starts children of this process; `close` ends them and everything they started in their group. */
export class LocalTransport implements Transport {
  readonly label: string = LABEL;
  readonly closed: Promise<Error | undefined>;
  readonly #end = Promise.withResolvers<undefined>();
  readonly #channels = new Set<LocalChannel>();
  readonly #directory: string | undefined;
  #isClosed = false;

  /** Runs commands in the given directory. Default: the process's own. */
  constructor(directory?: string) {
    this.#directory = directory;
    this.closed = this.#end.promise;
  }

  /** See `Transport.open`. */
  open(command: string): Promise<Channel> {
    if (this.#isClosed) return Promise.reject(new HostClosedError(LABEL));
    const child = new Deno.Command("sh", {
      args: ["-c", command],
      ...(this.#directory === undefined ? {} : { cwd: this.#directory }),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      detached: true,
    }).spawn();
    const channel = new LocalChannel(child);
    this.#channels.add(channel);
    const forget = () => this.#channels.delete(channel);
    channel.finished.then(forget);
    return Promise.resolve(channel);
  }

  /** See `Transport.close`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#channels].map((channel) => channel.close()));
    this.#end.resolve(undefined);
  }
}

class LocalChannel implements Channel {
  readonly stdin: WritableStream<Uint8Array>;
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  readonly exit: Promise<number>;
  /** Settles when the child is gone and its streams are closed. */
  readonly finished: Promise<void>;
  readonly #child: Deno.ChildProcess;
  readonly #exit = Promise.withResolvers<number>();
  readonly #stdout: ChildOutput;
  readonly #stderr: ChildOutput;
  readonly #input: ChildInput;
  #gone = false;
  #closing: Promise<void> | undefined;

  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.exit = this.#exit.promise;
    // Told to who asks for it; until then nobody else must.
    this.exit.catch(() => {});
    this.#stdout = new ChildOutput(child.stdout.getReader());
    this.#stderr = new ChildOutput(child.stderr.getReader());
    this.#input = new ChildInput(child.stdin);
    this.stdin = this.#input.stream;
    this.stdout = this.#stdout.stream;
    this.stderr = this.#stderr.stream;
    this.finished = this.#follow();
  }

  close(): Promise<void> {
    // Once only: a second kill would outlive the closing that its caller does not wait for.
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#exit.reject(new HostClosedError(LABEL));
    if (!this.#gone) await killGroup(this.#child.pid);
    await Promise.all([this.#stdout.close(), this.#stderr.close(), this.#input.close()]);
    await this.finished;
  }

  async #follow(): Promise<void> {
    const { code } = await this.#child.status;
    this.#gone = true;
    this.#exit.resolve(code);
    await Promise.all([this.#input.close(), this.#stdout.ended, this.#stderr.ended]);
  }
}

/**
 * Ends a process group. The shell does it, since `Deno.kill` asks for the permission to run anything.
 */
async function killGroup(processId: number): Promise<void> {
  await new Deno.Command("sh", {
    args: ["-c", `kill -s KILL -- -${processId}`],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
}
