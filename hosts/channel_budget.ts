/**
 * Sharing the few channels that a connection has.
 *
 * @module
 */

import { ChannelRefusedError, HostClosedError } from "./errors.ts";
import type { Channel, Transport } from "./transport.ts";

/** How channels are shared. */
export interface ChannelBudgetOptions {
  /** Most channels open at a time. Default: 6, since OpenSSH allows 10 (`MaxSessions`) and frees late. */
  readonly limit?: number;
  /** Milliseconds before a refused channel is asked for again. Default: 50. */
  readonly retryDelayMs?: number;
  /** Milliseconds of refusals after which the refusal is given to the caller. Default: 30,000. */
  readonly giveUpMs?: number;
}

interface Waiting {
  readonly grant: () => void;
}

/** Opens channels, at most so many at a time; who comes late waits in line. */
export class ChannelBudget {
  readonly #transport: Transport;
  readonly #limit: number;
  readonly #retryDelayMs: number;
  readonly #giveUpMs: number;
  readonly #line: Waiting[] = [];
  readonly #closing = new AbortController();
  #held = 0;

  /** Shares the channels of the transport. */
  constructor(transport: Transport, options: ChannelBudgetOptions = {}) {
    this.#transport = transport;
    this.#limit = options.limit ?? 6;
    this.#retryDelayMs = options.retryDelayMs ?? 50;
    this.#giveUpMs = options.giveUpMs ?? 30_000;
  }

  /** Channels open now or being opened. */
  get held(): number {
    return this.#held;
  }

  /**
   * Waits for a free place, then opens a channel. The place is freed when the command ends or the
   * channel is closed.
   *
   * @throws {ChannelRefusedError} The machine kept refusing.
   * @throws {HostClosedError} The budget was closed first.
   */
  async open(command: string, signal?: AbortSignal): Promise<Channel> {
    const ended = signal === undefined
      ? this.#closing.signal
      : AbortSignal.any([this.#closing.signal, signal]);
    await this.#acquire(ended);
    let released = false;
    const release = () => {
      if (released) return;
      released = true;
      this.#held--;
      this.#line.shift()?.grant();
    };
    try {
      const channel = await this.#openPatiently(command, ended);
      channel.exit.then(release, release);
      if (ended.aborted) {
        await channel.close();
        throw ended.reason;
      }
      return {
        stdin: channel.stdin,
        stdout: channel.stdout,
        stderr: channel.stderr,
        exit: channel.exit,
        close: () => channel.close().finally(release),
      };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Refuses everyone in line and everyone to come for the given reason. Open channels stay open. */
  close(reason: Error = new HostClosedError(this.#transport.label)): void {
    this.#closing.abort(reason);
  }

  async #acquire(ended: AbortSignal): Promise<void> {
    ended.throwIfAborted();
    if (this.#held < this.#limit) {
      this.#held++;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        this.#line.splice(this.#line.indexOf(waiting), 1);
        reject(ended.reason);
      };
      const waiting: Waiting = {
        grant: () => {
          ended.removeEventListener("abort", leave);
          this.#held++;
          resolve();
        },
      };
      ended.addEventListener("abort", leave, { once: true });
      this.#line.push(waiting);
    });
  }

  async #openPatiently(command: string, ended: AbortSignal): Promise<Channel> {
    // By a clock that nobody sets.
    const deadline = performance.now() + this.#giveUpMs;
    for (;;) {
      try {
        return await this.#transport.open(command);
      } catch (error) {
        // OpenSSH frees a slot some time after the channel's end, so a refusal is no verdict.
        if (!(error instanceof ChannelRefusedError) || performance.now() >= deadline) throw error;
        await delay(this.#retryDelayMs, ended);
      }
    }
  }
}

/** Waits, or rejects with the signal's reason. */
function delay(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
