/**
 * What can go wrong with OpenSSH's client alone; the rest is told with the errors of `ssh/`.
 *
 * @module
 */

import { SluiceError } from "../../model/mod.ts";

/** Raised when this machine has no `ssh`. */
export class OpenSshMissingError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "OpenSshMissingError";

  /** Carries what the shell said. */
  constructor(cause: unknown) {
    super({
      code: "OPENSSH_MISSING",
      message: "OpenSSH's client, `ssh`, is not on the PATH of this machine.",
      next: "Install it, or set `transport: ssh2` of the cluster.",
      cause,
    });
  }
}

/** Raised when a cluster's `auth` is of a kind that OpenSSH's client takes from nobody but a person. */
export class OpenSshAuthError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "OpenSshAuthError";

  /** Names the setting, such as `password`. */
  constructor(setting: "keyText" | "passphrase" | "password") {
    super({
      code: "OPENSSH_AUTH_UNSUPPORTED",
      message: `OpenSSH's client cannot be given auth.${setting}: it asks a person at a terminal.`,
      next: setting === "password"
        ? "Set `transport: ssh2` of the cluster, or log in with a key file or an SSH agent."
        : "Set `transport: ssh2` of the cluster, or add the key to an SSH agent and set `auth.agent`.",
    });
  }
}
