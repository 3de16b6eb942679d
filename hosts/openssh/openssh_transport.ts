/**
 * A connection that OpenSSH's own client holds, as a transport.
 *
 * @module
 */

import { throughShell } from "../../shell/mod.ts";
import { HostClosedError, LinkLostError } from "../errors.ts";
import type { Channel, Transport } from "../transport.ts";
import type { ControlMaster } from "./control_master.ts";
import { lossDetail } from "./login_log.ts";
import { type ChannelLink, OpenSshChannel } from "./openssh_channel.ts";
import { channelWords, checkWords } from "./ssh_words.ts";

/** How long a master that answers no more may take to end, which tells why. */
const LAST_WORDS_MS = 1000;

/** Channels on one ControlMaster, each a child `ssh` that hands its streams over to it. */
export class OpenSshTransport implements Transport {
  readonly label: string;
  readonly closed: Promise<Error | undefined>;
  readonly #host: string;
  readonly #master: ControlMaster;
  readonly #channels = new Set<OpenSshChannel>();
  readonly #link: ChannelLink;
  #lost: Error | undefined;
  #closing = false;

  /**
   * Takes over a master that is ready.
   *
   * @param host How the host is named to `ssh`.
   */
  constructor(label: string, host: string, master: ControlMaster) {
    this.label = label;
    this.#host = host;
    this.#master = master;
    this.#link = { label, lost: () => this.#whetherLost() };
    this.closed = this.#follow();
  }

  async open(command: string): Promise<Channel> {
    const over = this.#over();
    if (over !== undefined) throw over;
    const mark = `sluice-open-${crypto.randomUUID()}`;
    const words = channelWords(this.#master.socket, this.#host, mark, command);
    const channel = new OpenSshChannel(words, mark, this.#link);
    this.#channels.add(channel);
    const forget = () => this.#channels.delete(channel);
    void channel.finished.then(forget);
    try {
      await channel.opened();
      return channel;
    } catch (error) {
      await channel.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#channels].map((channel) => channel.close()));
    await this.#master.end();
    await this.closed;
  }

  async #follow(): Promise<Error | undefined> {
    const { code } = await this.#master.ended;
    if (this.#closing) return undefined;
    this.#lost ??= new LinkLostError(this.label, lossDetail(this.#master.talk, code));
    return this.#lost;
  }

  #over(): Error | undefined {
    return this.#closing ? new HostClosedError(this.label) : this.#lost;
  }

  /** See `ChannelLink.lost`. A channel may hear of the end before the master itself is gone. */
  async #whetherLost(): Promise<Error | undefined> {
    const over = this.#over();
    if (over !== undefined) return over;
    const { success } = await new Deno.Command("sh", {
      args: throughShell(checkWords(this.#master.socket, this.#host)),
      stdin: "null",
      stdout: "null",
      stderr: "null",
      detached: true,
    }).output();
    if (success) return undefined;
    const timer = setTimeout(() => {
      // Its socket was removed, mostly: it is of no use to anyone any more.
      this.#lost ??= new LinkLostError(this.label, "its ControlMaster does not answer");
      void this.#master.end();
    }, LAST_WORDS_MS);
    await this.#master.ended;
    clearTimeout(timer);
    return await this.closed ?? new HostClosedError(this.label);
  }
}
