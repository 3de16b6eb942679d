/**
 * A command on a channel of its own, without the noise of profiles.
 *
 * @module
 */

import { ShellStartError } from "./errors.ts";
import { FrameReader, newToken, Tail, type Token } from "./frames.ts";
import type { HostStream } from "./host.ts";
import { type ShellOptions, streamScript } from "./shell_script.ts";
import type { Channel } from "./transport.ts";

/** What a stream needs of the host it belongs to. */
export interface StreamHost {
  /** Who and where, for people. */
  readonly label: string;
  /** Milliseconds that the shell and its prelude may take. */
  readonly startTimeoutMs: number;
  /** Signals a process group, as well as the connection allows; never rejects. */
  kill(processId: number, signal: "TERM" | "KILL"): Promise<void>;
}

/** How long a command may take to end after it was asked to. */
const TERM_GRACE_MS = 2000;
/**
 * How soon it is asked once more: a shell that is just starting a program (between fork and exec) loses
 * the signal that comes then, and so does the program.
 */
const TERM_AGAIN_MS = 250;
/** How long the exit status may lag behind the kill. */
const KILL_GRACE_MS = 1000;

/**
 * Starts the command on a channel that was opened with the `streamCommand` of the same options.
 *
 * @throws {ShellStartError} The shell or its prelude failed.
 * @throws {LinkLostError} The connection went.
 */
export async function startStream(
  channel: Channel,
  command: string,
  host: StreamHost,
  options: ShellOptions,
): Promise<HostStream> {
  const token = newToken();
  const writer = channel.stdin.getWriter();
  // The shell's end says why a write failed.
  writer.write(new TextEncoder().encode(streamScript(token, command, options))).catch(() => {});
  writer.releaseLock();
  const late = new ShellStartError(
    host.label,
    `it was not ready within ${host.startTimeoutMs} ms`,
    "",
  );
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    void channel.close();
  }, host.startTimeoutMs);
  try {
    const [stdout, stderr] = await Promise.all([
      readOpening(channel.stdout, token),
      readOpening(channel.stderr, token),
    ]);
    const [status, processId] = stdout.trailer?.split(" ").map(Number) ?? [];
    if (status !== 0 || processId === undefined || !(processId > 1)) {
      const detail = status === undefined
        ? `it ended with status ${await channel.exit} before it was ready`
        : `its prelude ended with status ${status}`;
      throw new ShellStartError(host.label, detail, stderr.said);
    }
    return new ShellStream(channel, processId, host, stdout.rest, stderr.rest);
  } catch (error) {
    await channel.close();
    throw isLate ? late : error;
  } finally {
    clearTimeout(timer);
  }
}

interface Opening {
  /** What the shell told behind its end mark, or `undefined` when it ended before. */
  readonly trailer: string | undefined;
  /** The last of what came before: the words of profiles and of the prelude. */
  readonly said: string;
  /** What follows: the command's own output. */
  readonly rest: ReadableStream<Uint8Array>;
}

async function readOpening(
  stream: ReadableStream<Uint8Array>,
  token: Token,
): Promise<Opening> {
  const frames = new FrameReader();
  const said = new Tail();
  const keep = (bytes: Uint8Array) => said.add(bytes);
  let trailer: string | undefined;
  frames.expect(token, {
    before: keep,
    begun: () => {},
    data: keep,
    ended: (text) => trailer = text,
  });
  const reader = stream.getReader();
  let behind: Uint8Array = new Uint8Array(0);
  while (trailer === undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    behind = frames.push(value);
  }
  return { trailer, said: `${said}`, rest: prepend(behind, reader) };
}

function prepend(
  first: Uint8Array,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  let pending: Uint8Array | undefined = first.length > 0 ? first.slice() : undefined;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (pending !== undefined) {
        controller.enqueue(pending);
        pending = undefined;
        return;
      }
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

class ShellStream implements HostStream {
  readonly stdin: WritableStream<Uint8Array>;
  readonly exit: Promise<number>;
  readonly #channel: Channel;
  readonly #processId: number;
  readonly #host: StreamHost;
  #ended = false;
  /** Settles when the signal that is on its way has been given. */
  #signalled: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    channel: Channel,
    processId: number,
    host: StreamHost,
    readonly stdout: ReadableStream<Uint8Array>,
    readonly stderr: ReadableStream<Uint8Array>,
  ) {
    this.#channel = channel;
    this.#processId = processId;
    this.#host = host;
    this.stdin = channel.stdin;
    this.exit = channel.exit;
    const end = () => {
      this.#ended = true;
    };
    this.exit.then(end, end);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    for (let askedMs = 0; !this.#ended && askedMs < TERM_GRACE_MS; askedMs += TERM_AGAIN_MS) {
      this.#signal("TERM");
      await this.#endsWithin(TERM_AGAIN_MS);
    }
    if (!this.#ended) {
      await this.#signalled;
      this.#signal("KILL");
      await this.#endsWithin(KILL_GRACE_MS);
    }
    await this.#channel.close();
  }

  /** Signals the command, unless a signal is still on its way, which takes a channel each. */
  #signal(signal: "TERM" | "KILL"): void {
    this.#signalled ??= this.#host.kill(this.#processId, signal).then(() => {
      this.#signalled = undefined;
    });
  }

  async #endsWithin(milliseconds: number): Promise<void> {
    const grace = Promise.withResolvers<void>();
    const timer = setTimeout(grace.resolve, milliseconds);
    await Promise.race([this.exit.catch(() => {}), grace.promise]);
    clearTimeout(timer);
  }
}
