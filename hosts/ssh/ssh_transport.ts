/**
 * An authenticated ssh2 connection as a transport.
 *
 * @module
 */

// @ts-types="@types/ssh2"
import type { Client } from "ssh2";
import { ChannelRefusedError, HostClosedError, LinkLostError } from "../errors.ts";
import type { Channel, Transport } from "../transport.ts";
import { SshChannel } from "./ssh_channel.ts";

// SSH_OPEN_CONNECT_FAILED, which OpenSSH gives beyond MaxSessions, and SSH_OPEN_RESOURCE_SHORTAGE.
// Source: RFC 4254, 5.1.
const REFUSALS: readonly unknown[] = [2, 4];

/** How long the peer may take to close its side before we cut. */
const CLOSE_GRACE_MS = 1000;

/** Channels on one SSH connection, which it owns together with those of its jump hosts. */
export class SshTransport implements Transport {
  readonly label: string;
  readonly closed: Promise<Error | undefined>;
  readonly #client: Client;
  readonly #hops: readonly Client[];
  /** Settles when every jump host's connection is gone, its timers with it. */
  readonly #hopsGone: Promise<unknown>;
  readonly #channels = new Set<SshChannel>();
  readonly #end = Promise.withResolvers<Error | undefined>();
  #lost: Error | undefined;
  #closing = false;
  #isOver = false;

  /**
   * Takes over a client that is ready.
   *
   * @param hops The clients of the jump hosts, first one first.
   */
  constructor(label: string, client: Client, hops: readonly Client[]) {
    this.label = label;
    this.#client = client;
    this.#hops = hops;
    this.closed = this.#end.promise;
    client.on("error", (error: Error) => {
      this.#lost ??= new LinkLostError(label, error.message, error);
    });
    // The peer's half-close leaves nothing to wait for.
    client.on("end", () => void client.destroy());
    client.on("close", () => this.#over());
    this.#hopsGone = Promise.all(
      hops.map((hop) => new Promise<void>((resolve) => hop.once("close", () => resolve()))),
    );
    for (const hop of hops) {
      hop.on("error", (error: Error) => {
        this.#lost ??= new LinkLostError(label, `its jump host failed: ${error.message}`, error);
      });
      hop.on("close", () => void client.destroy());
    }
  }

  open(command: string): Promise<Channel> {
    if (this.#isOver || this.#closing) return Promise.reject(this.#reason());
    return new Promise((resolve, reject) => {
      try {
        this.#client.exec(command, (error, stream) => {
          if (error) return reject(this.#refusal(error));
          const channel = new SshChannel(stream, this.label);
          if (this.#isOver) {
            channel.connectionLost(this.#reason());
            return reject(this.#reason());
          }
          this.#channels.add(channel);
          stream.on("close", () => this.#channels.delete(channel));
          resolve(channel);
        });
      } catch (error) {
        // ssh2 throws when the socket is gone and its close is still to be told.
        reject(this.#lost ?? new LinkLostError(this.label, String(error), error));
      }
    });
  }

  async close(): Promise<void> {
    if (!this.#closing && !this.#isOver) {
      this.#closing = true;
      await Promise.all([...this.#channels].map((channel) => channel.close()));
      this.#client.end();
      const timer = setTimeout(() => this.#client.destroy(), CLOSE_GRACE_MS);
      void this.closed.then(() => clearTimeout(timer));
    }
    await this.closed;
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const error = this.#closing ? undefined : this.#reason();
    for (const channel of this.#channels) channel.connectionLost(error);
    this.#channels.clear();
    for (const hop of this.#hops.toReversed()) {
      hop.end();
      hop.destroy();
    }
    const timer = setTimeout(() => this.#end.resolve(error), CLOSE_GRACE_MS);
    void this.#hopsGone.then(() => {
      clearTimeout(timer);
      this.#end.resolve(error);
    });
  }

  #reason(): Error {
    if (this.#closing) return new HostClosedError(this.label);
    this.#lost ??= new LinkLostError(this.label, "the connection closed");
    return this.#lost;
  }

  #refusal(error: Error): Error {
    if ("reason" in error && REFUSALS.includes(error.reason)) {
      return new ChannelRefusedError(this.label, error);
    }
    return this.#isOver || this.#closing
      ? this.#reason()
      : new LinkLostError(this.label, error.message, error);
  }
}
