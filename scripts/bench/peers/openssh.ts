/**
 * OpenSSH's own client with ControlMaster, as a person with a shell would use it.
 *
 * @module
 */

import { commandLine } from "../../../shell/mod.ts";
import { runScript } from "../../testbed/mod.ts";
import { sshWords } from "./address.ts";
import type { Address } from "./address.ts";

/** A connection that all commands share. */
export class OpenSsh implements AsyncDisposable {
  readonly #words: readonly string[];

  private constructor(words: readonly string[]) {
    this.#words = words;
  }

  /** Connects; the socket lies in the directory, whose path must be short. */
  static async open(address: Address, directory: string): Promise<OpenSsh> {
    const path = `ControlPath=${directory}/master`;
    await runScript(
      "ssh",
      'exec "$@" -N -f 2>/dev/null',
      sshWords(address, [path, "ControlMaster=yes"]),
    );
    return new OpenSsh(sshWords(address, [path]));
  }

  /**
   * Runs a shell script on this machine that finds the words of `ssh` that lead to the host in
   * `$SSH_WORDS`, to be split, and `args` as `$1` and on. Gives what it printed.
   */
  async script(what: string, script: string, args: readonly string[]): Promise<string> {
    const words = commandLine([this.#words.join(" ")]);
    return await runScript(what, `SSH_WORDS=${words}\n${script}`, args);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.script("ssh -O exit", "$SSH_WORDS -O exit 2>/dev/null", []);
  }
}
