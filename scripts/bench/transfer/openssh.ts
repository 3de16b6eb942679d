/**
 * Files by OpenSSH's own programs, over a connection that stands.
 *
 * @module
 */

import { runScript } from "../../testbed/mod.ts";
import type { Address } from "../peers/address.ts";

/** Moves files with `scp`, `sftp` and `tar` over `ssh`, all through one ControlMaster. */
export class OpenSshFiles {
  readonly #words: string;
  readonly #target: string;
  readonly #port: number;

  /** Uses the master whose socket lies in the directory. */
  constructor(address: Address, directory: string) {
    const { host, port, user, keyFile, knownHosts } = address;
    const options = [`ControlPath=${directory}/master`, `UserKnownHostsFile=${knownHosts}`];
    this.#words = options.map((option) => `-o ${option}`).join(" ") +
      ` -o BatchMode=yes -i ${keyFile}`;
    this.#target = `${user}@${host}`;
    this.#port = port;
  }

  /** One `scp`; the remote path begins with `:`. */
  async scp(from: string, to: string): Promise<void> {
    const place = (path: string) => path.startsWith(":") ? `${this.#target}${path}` : path;
    await this.#run(
      "scp",
      `scp -q ${this.#words} -P ${this.#port} "$1" "$2"`,
      place(from),
      place(to),
    );
  }

  /** One `sftp` with a line for each file. */
  async sftp(lines: readonly string[]): Promise<void> {
    await runScript(
      "sftp",
      `sftp -q ${this.#words} -P ${this.#port} -b - ${this.#target} >/dev/null`,
      [],
      { stdin: `${lines.join("\n")}\n` },
    );
  }

  /** Packs here what is unpacked there. */
  async tarUp(from: string, to: string): Promise<void> {
    await this.#run(
      "tar",
      `tar -C "$1" -cf - . | ${this.#ssh} "mkdir '$2' && tar -C '$2' -xf -"`,
      from,
      to,
    );
  }

  /** Packs there what is unpacked here. */
  async tarDown(from: string, to: string): Promise<void> {
    await this.#run(
      "tar",
      `mkdir "$2"; ${this.#ssh} "tar -C '$1' -cf - ." | tar -C "$2" -xf -`,
      from,
      to,
    );
  }

  get #ssh(): string {
    return `ssh ${this.#words} -p ${this.#port} ${this.#target}`;
  }

  async #run(what: string, script: string, ...args: readonly string[]): Promise<void> {
    await runScript(what, script, args);
  }
}
