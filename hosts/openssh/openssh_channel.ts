/**
 * A command on the connection of another `ssh`, which is the master.
 *
 * @module
 */

import { throughShell } from "../../shell/mod.ts";
import { ChildInput, ChildOutput } from "../child_streams.ts";
import { ChannelRefusedError, HostClosedError, LinkLostError, ShellStartError } from "../errors.ts";
import type { Channel } from "../transport.ts";
import { MarkedReader } from "./marked_reader.ts";

/** What a channel needs to know of its connection. */
export interface ChannelLink {
  /** Who and where, for people. */
  readonly label: string;
  /** Why the connection is lost, or `undefined` while it stands; asks the master itself. */
  lost(): Promise<Error | undefined>;
}

/** The status of an `ssh` that failed itself, which a command may have as well. */
const SSH_FAILED = 255;
/**
 * How long neither an opening nor a refusal may come before the channel is taken for open: by then only the
 * account's own start-up files can be what takes so long, and whoever starts a shell has a deadline for them.
 */
const OPENING_MS = 10_000;
// Said by a client that the master sent away, and by one that found no master.
const REFUSED = /^(?:mux_client|muxclient|Control socket|Master refused)/m;

/**
 * A child `ssh` as a channel. The master reads and writes the child's very streams, so bytes pass through
 * one process only.
 *
 * OpenSSH's client does not tell by which signal a command ended: where that happens to the very process that
 * the host started, the exit status is 255.
 */
export class OpenSshChannel implements Channel {
  readonly stdin: WritableStream<Uint8Array>;
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  readonly exit: Promise<number>;
  /** Settles when the child is gone; never rejects. */
  readonly finished: Promise<void>;
  readonly #link: ChannelLink;
  readonly #child: Deno.ChildProcess;
  readonly #exit = Promise.withResolvers<number>();
  readonly #output: MarkedReader;
  readonly #stdout: ChildOutput;
  readonly #stderr: ChildOutput;
  readonly #input: ChildInput;
  #gone = false;
  #closing: Promise<void> | undefined;

  /** Starts `ssh` with the words, by which the host prints the mark before the command. */
  constructor(words: readonly string[], openMark: string, link: ChannelLink) {
    this.#link = link;
    this.#child = new Deno.Command("sh", {
      args: throughShell(words),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      detached: true,
    }).spawn();
    this.exit = this.#exit.promise;
    this.exit.catch(() => {});
    this.#output = new MarkedReader(this.#child.stdout.getReader(), openMark);
    this.#stdout = new ChildOutput(this.#output, () => this.exit);
    this.#stderr = new ChildOutput(this.#child.stderr.getReader(), () => this.exit);
    this.#input = new ChildInput(this.#child.stdin, () => this.#whyNotWritten());
    this.stdin = this.#input.stream;
    this.stdout = this.#stdout.stream;
    this.stderr = this.#stderr.stream;
    this.finished = this.#follow();
  }

  /**
   * Waits until the host has started the command.
   *
   * @throws {ChannelRefusedError} It takes no more channels.
   * @throws {ShellStartError} The account's login shell fails.
   * @throws {LinkLostError} The connection is gone.
   */
  async opened(): Promise<void> {
    const late = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => late.resolve(true), OPENING_MS);
    const opened = await Promise.race([this.#output.opened(), late.promise]);
    clearTimeout(timer);
    if (opened) return;
    const exit = await this.exit;
    if (exit !== SSH_FAILED) return;
    const said = await new Response(this.stderr).text();
    const { label } = this.#link;
    if (REFUSED.test(said)) throw new ChannelRefusedError(label, new Error(said.trim()));
    throw new ShellStartError(label, `the login shell ended with status ${exit}`, said);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#exit.reject(new HostClosedError(this.#link.label));
    // The shell has become `ssh`, so there is nothing else to end.
    if (!this.#gone) this.#child.kill("SIGKILL");
    await Promise.all([this.#stdout.close(), this.#stderr.close(), this.#input.close()]);
    await this.finished;
  }

  async #follow(): Promise<void> {
    const { code, signal } = await this.#child.status;
    this.#gone = true;
    const { label } = this.#link;
    if (signal !== null) {
      this.#exit.reject(new LinkLostError(label, `the channel's ssh was ended by ${signal}`));
    } else if (code !== SSH_FAILED) {
      this.#exit.resolve(code);
    } else {
      const lost = await this.#link.lost();
      if (lost === undefined) this.#exit.resolve(code);
      else this.#exit.reject(lost);
    }
    await this.#input.close();
  }

  async #whyNotWritten(): Promise<unknown> {
    const error = await this.exit.catch((error: unknown) => error);
    return error instanceof Error ? error : new HostClosedError(this.#link.label);
  }
}
