/**
 * OpenSSH's own client with ControlMaster, as a person with a shell would use it.
 *
 * @module
 */

import { runScript } from "../../testbed/mod.ts";
import type { Address } from "./address.ts";

/** A connection that all commands share. */
export class OpenSsh implements AsyncDisposable {
  readonly #options: readonly string[];

  private constructor(address: Address, directory: string) {
    const { host, port, user, keyFile, knownHosts } = address;
    this.#options = [
      ...["-o", `ControlPath=${directory}/master`, "-o", `UserKnownHostsFile=${knownHosts}`],
      ...["-o", "BatchMode=yes", "-i", keyFile, "-p", String(port), "-l", user, host],
    ];
  }

  /** Connects; the socket lies in the directory, whose path must be short. */
  static async open(address: Address, directory: string): Promise<OpenSsh> {
    const ssh = new OpenSsh(address, directory);
    await runScript("ssh", 'exec ssh -M -N -f "$@" 2>/dev/null', ssh.#options);
    return ssh;
  }

  /**
   * Runs a shell script on this machine that finds the words of `ssh` that lead to the host in
   * `$SSH_WORDS`, to be split, and `args` as `$1` and on. Gives what it printed.
   */
  async script(what: string, script: string, args: readonly string[]): Promise<string> {
    return await runScript(what, `SSH_WORDS="ssh ${this.#options.join(" ")}"\n${script}`, args);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.script("ssh -O exit", "$SSH_WORDS -O exit 2>/dev/null", []);
  }
}
