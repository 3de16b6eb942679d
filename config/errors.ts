/**
 * What can be wrong with a configuration.
 *
 * @module
 */

import { SluiceError } from "../model/mod.ts";

/** The configuration says something that Sluice cannot take. */
export class ConfigInvalidError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "ConfigInvalidError";

  /**
   * Makes the error.
   *
   * @param problems What is wrong, each with its place: `sluice.yaml:12: clusters.dev.port: …`.
   * @param next What to do. Default: correct the named places.
   */
  constructor(problems: readonly string[], next?: string) {
    super({
      code: "CONFIG_INVALID",
      message: problems.join("\n"),
      next: next ?? "Correct the places named above and start again.",
    });
  }
}

/** A configuration file was named that is not there, or cannot be read. */
export class ConfigUnreadableError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "ConfigUnreadableError";

  /**
   * Makes the error.
   *
   * @param path The file.
   * @param cause Why it cannot be read.
   */
  constructor(path: string, cause: unknown) {
    super({
      code: "CONFIG_UNREADABLE",
      message: `The configuration ${path} cannot be read: ${
        cause instanceof Error ? cause.message : String(cause)
      }`,
      next: "Check the path and its permissions, or name another file with --config.",
      cause,
    });
  }
}

/** There is neither a configuration file nor a cluster in the environment. */
export class NoClusterError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "NoClusterError";

  /**
   * Makes the error.
   *
   * @param searched Where a file was looked for.
   */
  constructor(searched: readonly string[]) {
    super({
      code: "CONFIG_NO_CLUSTER",
      message: searched.length === 0
        ? "The configuration names no cluster."
        : `No configuration was found (looked for ${searched.join(", ")}).`,
      next:
        "Write a sluice.yaml such as `clusters: { dev: { type: slurm, host: login.example.org } }`, or set SLURM_SSH_HOST.",
    });
  }
}

/** `SLURM_SSH_OPTS_EXTRA` holds something that has no meaning here. */
export class SshOptionError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "SshOptionError";

  /**
   * Makes the error.
   *
   * @param option The option as it was given, without its value.
   * @param why What is wrong with it.
   */
  constructor(option: string, why: string) {
    super({
      code: "SSH_OPTION_UNSUPPORTED",
      message: `SLURM_SSH_OPTS_EXTRA: ${option}: ${why}`,
      next:
        "Remove it, or describe the host in ~/.ssh/config or sluice.yaml. Known are StrictHostKeyChecking, UserKnownHostsFile, ProxyJump, Port, User, IdentityFile, ConnectTimeout and ServerAliveInterval.",
    });
  }
}

/** The bearer token cannot be read, written or used. */
export class TokenError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "TokenError";

  /**
   * Makes the error.
   *
   * @param message What is wrong; never the token.
   * @param next What to do.
   * @param cause The error that led to it.
   */
  constructor(message: string, next: string, cause?: unknown) {
    super({ code: "TOKEN_UNUSABLE", message, next, cause });
  }
}
