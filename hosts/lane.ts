/**
 * A queue of commands served by one persistent shell after another.
 *
 * @module
 */

import { CommandTimeoutError, OutputTooLargeError, ShellLostError } from "./errors.ts";
import type { CommandResult, RunOptions } from "./host.ts";
import type { ShellSession } from "./shell_session.ts";

/** What a lane needs of the host it belongs to. */
export interface LaneHost {
  /** Who and where, for people. */
  readonly label: string;
  /** Starts a shell. */
  startShell(): Promise<ShellSession>;
  /** Ends a process group, as well as the connection allows; never rejects. */
  kill(processId: number): Promise<void>;
  /** Told of each command that is sent. */
  commandSent(): void;
}

interface Request {
  readonly command: string;
  readonly maxOutputBytes: number;
  readonly onStdout: ((bytes: Uint8Array) => void) | undefined;
  readonly resolve: (result: CommandResult) => void;
  readonly reject: (error: unknown) => void;
  /** How many shells have been handed the command. */
  attempts: number;
  begun: boolean;
  settled: boolean;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
/** Commands written ahead of the one that runs: enough to fill a slow line, few enough to take back. */
const WINDOW = 64;
/** Shells that may die under a command that never begins, before it is given up. */
const MOST_ATTEMPTS = 3;
/** How long a killed shell may take to be gone. */
const KILL_GRACE_MS = 5000;

/**
 * Runs commands one after another, in the order they were given.
 *
 * Commands are written ahead of the replies. No command is run twice: when a shell dies, only those
 * whose begin mark is known not to have been written are handed to the next shell; the others reject
 * with a {@linkcode ShellLostError}, since their outcome is unknown.
 *
 * A command that times out, is aborted or writes too much is stopped by killing its shell's process
 * group. One that only waits behind another is taken back, or, where it was already written, stopped as
 * soon as it begins: killing the shell at once would end the innocent command before it.
 */
export class Lane {
  readonly #host: LaneHost;
  readonly #waiting: Request[] = [];
  readonly #written: Request[] = [];
  #session: ShellSession | undefined;
  #starting = false;
  #dying = false;
  #closed: Error | undefined;
  #idle: Promise<void> = Promise.resolve();

  /** Opens nothing yet: the shell starts with the first command. */
  constructor(host: LaneHost) {
    this.#host = host;
  }

  /** See `Host.run`. */
  run(command: string, options: RunOptions = {}): Promise<CommandResult> {
    const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => {
      const settle = () => {
        request.settled = true;
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
      };
      const request: Request = {
        command,
        maxOutputBytes: options.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES,
        onStdout: options.onStdout,
        resolve: (result) => {
          settle();
          resolve(result);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
        attempts: 0,
        begun: false,
        settled: false,
      };
      const abort = () => this.#abandon(request, signal?.reason);
      const late = () => {
        const mayHaveRun = !this.#waiting.includes(request);
        this.#abandon(
          request,
          new CommandTimeoutError(this.#host.label, command, timeoutMs, mayHaveRun),
        );
      };
      const timer = setTimeout(late, timeoutMs);
      signal?.addEventListener("abort", abort, { once: true });
      this.#waiting.push(request);
      this.#advance();
    });
  }

  /**
   * Rejects every command and ends the shell. A shell that is still starting ends with the connection;
   * {@linkcode Lane.done} tells when.
   */
  async close(reason: Error): Promise<void> {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    const running = this.#written.some((request) => request.begun);
    for (const request of [...this.#waiting.splice(0), ...this.#written]) {
      if (!request.settled) request.reject(reason);
    }
    const session = this.#session;
    if (session === undefined) return;
    if (running) await this.#host.kill(session.processId);
    await session.close();
  }

  /** Settles when nothing of the lane is left; to be asked after `close`. */
  get done(): Promise<void> {
    return this.#idle;
  }

  #advance(): void {
    if (this.#closed !== undefined || this.#dying || this.#starting) return;
    if (this.#session === undefined) {
      if (this.#waiting.length > 0) this.#idle = this.#serve();
      return;
    }
    while (this.#written.length < WINDOW) {
      const request = this.#waiting.shift();
      if (request === undefined) return;
      this.#send(this.#session, request);
    }
  }

  /** Starts a shell and stays until it ends. */
  async #serve(): Promise<void> {
    this.#starting = true;
    let session: ShellSession;
    try {
      session = await this.#host.startShell();
    } catch (error) {
      for (const request of this.#waiting.splice(0)) request.reject(error);
      return;
    } finally {
      this.#starting = false;
    }
    if (this.#closed !== undefined) {
      await session.close();
      return;
    }
    this.#session = session;
    this.#advance();
    const { error, drained } = await session.ended;
    this.#session = undefined;
    this.#dying = false;
    const unbegun: Request[] = [];
    for (const request of this.#written.splice(0)) {
      if (request.settled) continue;
      if (error !== undefined) {
        request.reject(error);
      } else if (request.begun || !drained || request.attempts >= MOST_ATTEMPTS) {
        request.reject(new ShellLostError(this.#host.label, request.command));
      } else {
        unbegun.push(request);
      }
    }
    this.#waiting.unshift(...unbegun);
    this.#advance();
  }

  #send(session: ShellSession, request: Request): void {
    const stdout = new Collector();
    const stderr = new Collector();
    const collect = (collector: Collector, bytes: Uint8Array) => {
      if (request.settled) return;
      collector.add(bytes);
      if (collector.length <= request.maxOutputBytes) return;
      this.#abandon(
        request,
        new OutputTooLargeError(this.#host.label, request.command, request.maxOutputBytes),
      );
    };
    const takeStdout = (bytes: Uint8Array) => {
      if (request.onStdout === undefined) return collect(stdout, bytes);
      if (request.settled) return;
      try {
        request.onStdout(bytes);
      } catch (error) {
        // The fault of who asked: other commands of the lane go on.
        this.#abandon(request, error);
      }
    };
    request.attempts++;
    this.#written.push(request);
    this.#host.commandSent();
    session.send(request.command, {
      begun: () => {
        request.begun = true;
        if (request.settled) this.#kill(session);
      },
      stdout: takeStdout,
      stderr: (bytes) => collect(stderr, bytes),
      ended: (exitCode) => {
        this.#written.splice(this.#written.indexOf(request), 1);
        if (!request.settled) {
          request.resolve({ exitCode, stdout: stdout.bytes(), stderr: stderr.bytes() });
        }
        this.#advance();
      },
    });
  }

  #abandon(request: Request, error: unknown): void {
    if (request.settled) return;
    request.reject(error);
    const position = this.#waiting.indexOf(request);
    if (position >= 0) this.#waiting.splice(position, 1);
    else if (request.begun && this.#session !== undefined) this.#kill(this.#session);
  }

  #kill(session: ShellSession): void {
    if (this.#dying) return;
    this.#dying = true;
    const timer = setTimeout(() => void session.close(), KILL_GRACE_MS);
    void session.ended.then(() => clearTimeout(timer));
    void this.#host.kill(session.processId);
  }
}

/** Joins chunks into one array. */
class Collector {
  readonly #chunks: Uint8Array[] = [];
  length = 0;

  add(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.length += bytes.length;
  }

  bytes(): Uint8Array {
    const whole = new Uint8Array(this.length);
    let position = 0;
    for (const chunk of this.#chunks) {
      whole.set(chunk, position);
      position += chunk.length;
    }
    return whole;
  }
}
