/**
 * An ssh2 channel as web streams with backpressure.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { constants } from "node:os";
import type { Readable } from "node:stream";
// @ts-types="@types/ssh2"
import type { ClientChannel } from "ssh2";
import { HostClosedError, LinkLostError } from "../errors.ts";
import type { Channel } from "../transport.ts";

/**
 * Wraps a channel on which a command was started.
 *
 * When the connection goes, ssh2 ends the streams as if the command had ended and only leaves out the
 * exit status. So here the end of output counts only once the exit status is there.
 */
export class SshChannel implements Channel {
  readonly stdin: WritableStream<Uint8Array>;
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  readonly exit: Promise<number>;
  readonly #label: string;
  readonly #channel: ClientChannel;
  readonly #exit = Promise.withResolvers<number>();
  #closing = false;

  /** Takes over the channel of a host with the given label. */
  constructor(channel: ClientChannel, label: string) {
    this.#channel = channel;
    this.#label = label;
    this.exit = this.#exit.promise;
    // Told to who asks for it; until then nobody else must.
    this.exit.catch(() => {});
    channel.on("exit", (code: number | null, signal?: string) => {
      this.#exit.resolve(code ?? 128 + signalNumber(signal));
    });
    // Without an exit status the command did not end: the line was cut.
    channel.on("close", () => this.#lose("the channel closed without an exit status"));
    channel.on("error", (error: Error) => this.#lose(error.message, error));
    this.stdout = this.#output(channel);
    this.stderr = this.#output(channel.stderr);
    this.stdin = this.#input();
  }

  /** Tells the channel that its connection is gone, which ssh2 does not where a stream is unread. */
  connectionLost(error: Error | undefined): void {
    this.#exit.reject(error ?? new HostClosedError(this.#label));
    this.#discard();
  }

  close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      this.#exit.reject(new HostClosedError(this.#label));
      this.#discard();
      this.#channel.close();
    }
    return Promise.resolve();
  }

  #lose(detail: string, cause?: unknown): void {
    this.#exit.reject(new LinkLostError(this.#label, detail, cause));
  }

  /** Lets what is unread flow away, or ssh2 would never finish with the channel. */
  #discard(): void {
    this.#channel.removeAllListeners("readable");
    this.#channel.stderr.removeAllListeners("readable");
    this.#channel.resume();
    this.#channel.stderr.resume();
  }

  #output(source: Readable): ReadableStream<Uint8Array> {
    let ended = false;
    let wake = () => {};
    source.on("readable", () => wake());
    source.on("end", () => {
      ended = true;
      wake();
    });
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        for (;;) {
          const chunk: unknown = this.#closing ? null : source.read();
          if (chunk instanceof Uint8Array) {
            controller.enqueue(chunk);
            return;
          }
          if (ended) {
            await this.exit;
            controller.close();
            return;
          }
          const more = Promise.withResolvers<void>();
          wake = more.resolve;
          // Rejects, and so errors the stream, when the channel is lost or closed meanwhile.
          await Promise.race([more.promise, this.#gone()]);
        }
      },
      cancel: () => {
        source.resume();
      },
    }, { highWaterMark: 0 });
  }

  /** Never resolves; rejects when the channel ends without an exit status. */
  #gone(): Promise<never> {
    return new Promise((_, reject) => this.exit.catch(reject));
  }

  #input(): WritableStream<Uint8Array> {
    const channel = this.#channel;
    return new WritableStream<Uint8Array>({
      // ssh2 calls back when all of the chunk is within the window, and never once the channel is closed.
      write: (chunk) => {
        const written = Promise.withResolvers<void>();
        channel.write(
          Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength),
          (error) => error ? written.reject(error) : written.resolve(),
        );
        const ended = this.exit.then(() => {
          throw new HostClosedError(this.#label);
        });
        return Promise.race([written.promise, ended]);
      },
      close: () => {
        channel.end();
      },
      abort: () => {
        channel.end();
      },
    });
  }
}

function signalNumber(name: string | undefined): number {
  const numbers: Readonly<Record<string, number>> = constants.signals;
  return numbers[name ?? ""] ?? 0;
}
