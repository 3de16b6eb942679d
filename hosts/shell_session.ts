/**
 * One run of a persistent remote shell, from its start to its end.
 *
 * @module
 */

import { LinkLostError, ShellStartError } from "./errors.ts";
import { FrameReader, newToken, Tail } from "./frames.ts";
import { handshakeScript, requestScript, type ShellOptions } from "./shell_script.ts";
import type { Channel } from "./transport.ts";

/** Told how one command fares. */
export interface CommandSink {
  /** The shell has reached the command. */
  begun(): void;
  /** Bytes of standard output, which stay as they are. */
  stdout(bytes: Uint8Array): void;
  /** Bytes of standard error, which stay as they are. */
  stderr(bytes: Uint8Array): void;
  /** The command has ended and all of its output was given. */
  ended(exitCode: number): void;
}

/** How a shell came to its end. */
export interface SessionEnd {
  /** What cut the connection, or `undefined` where only the shell ended. */
  readonly error: Error | undefined;
  /**
   * Whether everything the shell wrote has arrived, so that a command whose begin was not seen is
   * known not to have begun.
   */
  readonly drained: boolean;
}

/** How long a shell's last words may lag behind its exit status. */
const DRAIN_MS = 2000;

/** A started shell, which takes commands without waiting for the earlier ones to end. */
export class ShellSession {
  readonly #channel: Channel;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #stdout = new FrameReader();
  readonly #stderr = new FrameReader();
  readonly #encoder = new TextEncoder();
  /** Settles when the shell is gone; never rejects. */
  readonly ended: Promise<SessionEnd>;
  #closing = false;
  /** The shell's process id, which is its process group's as well. */
  processId = 0;

  private constructor(channel: Channel) {
    this.#channel = channel;
    this.#writer = channel.stdin.getWriter();
    this.ended = this.#follow();
  }

  /**
   * Starts a shell on a fresh channel and waits until its prelude has run. Whatever the account's
   * profiles write before is discarded.
   *
   * @throws {ShellStartError} The shell or its prelude failed, or took longer than `timeoutMs`.
   * @throws {LinkLostError} The connection went.
   */
  static async start(
    channel: Channel,
    host: string,
    options: ShellOptions,
    timeoutMs: number,
  ): Promise<ShellSession> {
    const session = new ShellSession(channel);
    try {
      await session.#handshake(host, options, timeoutMs);
    } catch (error) {
      await session.close();
      throw error;
    }
    return session;
  }

  /** Hands a command to the shell. */
  send(command: string, sink: CommandSink): void {
    const token = newToken();
    let open = 2;
    let exitCode = 0;
    const ended = (trailer: string) => {
      exitCode = Number(trailer);
      if (--open === 0) sink.ended(exitCode);
    };
    const begun = () => sink.begun();
    this.#stdout.expect(token, { begun, data: (bytes) => sink.stdout(bytes), ended });
    this.#stderr.expect(token, { begun, data: (bytes) => sink.stderr(bytes), ended });
    this.#write(requestScript(token, command));
  }

  /** Frees the channel. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#channel.close();
    await this.ended;
  }

  #write(text: string): void {
    // A failed write means that the shell is gone, which `ended` tells with more to say.
    this.#writer.write(this.#encoder.encode(text)).catch(() => {});
  }

  async #handshake(host: string, options: ShellOptions, timeoutMs: number): Promise<void> {
    const token = newToken();
    const { promise, resolve } = Promise.withResolvers<"started" | "late" | SessionEnd>();
    const said = new Tail();
    let trailer = "";
    let open = 2;
    const ended = (text: string) => {
      trailer = text;
      if (--open === 0) resolve("started");
    };
    const ignore = () => {};
    this.#stdout.expect(token, { begun: ignore, data: ignore, ended });
    const keep = (bytes: Uint8Array) => said.add(bytes);
    this.#stderr.expect(token, { before: keep, begun: ignore, data: keep, ended });
    this.#write(handshakeScript(token, options));
    const timer = setTimeout(() => resolve("late"), timeoutMs);
    this.ended.then(resolve);
    const outcome = await promise;
    clearTimeout(timer);
    if (outcome === "late") {
      throw new ShellStartError(host, `it was not ready within ${timeoutMs} ms`, `${said}`);
    }
    if (outcome !== "started") {
      if (outcome.error !== undefined) throw outcome.error;
      if (trailer === "") {
        const code = await this.#channel.exit;
        throw new ShellStartError(
          host,
          `it ended with status ${code} before it was ready`,
          `${said}`,
        );
      }
    }
    const [status, processId] = trailer.split(" ").map(Number);
    if (status !== 0) {
      throw new ShellStartError(host, `its prelude ended with status ${status}`, `${said}`);
    }
    // Zero would mean our own process group to kill(1).
    if (processId === undefined || !(processId > 1)) {
      throw new ShellStartError(host, "it does not tell its process id", `${said}`);
    }
    this.processId = processId;
  }

  async #follow(): Promise<SessionEnd> {
    const streams = Promise.allSettled([
      this.#pump(this.#channel.stdout, this.#stdout),
      this.#pump(this.#channel.stderr, this.#stderr),
    ]);
    const exit = await this.#channel.exit.then(() => undefined, (error: unknown) => error);
    const drained = Promise.withResolvers<boolean>();
    // A child left in the background may hold the streams open long after the shell is gone.
    const timer = setTimeout(() => drained.resolve(false), DRAIN_MS);
    streams.then((ends) => drained.resolve(ends.every((end) => end.status === "fulfilled")));
    const allArrived = await drained.promise;
    clearTimeout(timer);
    await this.#channel.close();
    await streams;
    // Nothing waits for the input of a shell that is gone.
    this.#writer.abort().catch(() => {});
    return {
      error: exit === undefined || this.#closing ? undefined : asError(exit),
      drained: allArrived && exit === undefined,
    };
  }

  async #pump(stream: ReadableStream<Uint8Array>, frames: FrameReader): Promise<void> {
    for await (const chunk of stream) frames.push(chunk);
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new LinkLostError("the host", String(thrown), thrown);
}
