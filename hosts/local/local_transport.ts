/**
 * This machine as a transport: each channel is a child process with a process group of its own.
 *
 * @module
 */

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
  readonly #stdout: Output;
  readonly #stderr: Output;
  readonly #input: Input;
  #gone = false;
  #closing: Promise<void> | undefined;

  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.exit = this.#exit.promise;
    this.exit.catch(() => {});
    this.#stdout = new Output(child.stdout);
    this.#stderr = new Output(child.stderr);
    this.#input = new Input(child.stdin);
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

/** A child's output that `close` can end, though a reader holds it. */
class Output {
  readonly stream: ReadableStream<Uint8Array>;
  readonly ended: Promise<void>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #end = Promise.withResolvers<void>();

  constructor(source: ReadableStream<Uint8Array>) {
    const reader = source.getReader();
    this.#reader = reader;
    this.ended = this.#end.promise;
    this.stream = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        controller.close();
        this.#end.resolve();
      },
      cancel: () => this.close(),
    }, { highWaterMark: 0 });
  }

  async close(): Promise<void> {
    await this.#reader.cancel();
    this.#end.resolve();
  }
}

/** A child's input that `close` can end, though a writer holds it. */
class Input {
  readonly stream: WritableStream<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  constructor(target: WritableStream<Uint8Array>) {
    const writer = target.getWriter();
    this.#writer = writer;
    this.stream = new WritableStream<Uint8Array>({
      write: (chunk) => writer.write(chunk),
      close: () => writer.close(),
      abort: () => this.close(),
    });
  }

  async close(): Promise<void> {
    // Rejects when the input is closed already, by its user or by the child's end.
    await this.#writer.abort().catch(() => {});
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
