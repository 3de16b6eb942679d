/**
 * What can go wrong with environments that are brought along.
 *
 * @module
 */

import { SluiceError } from "../model/mod.ts";
import type { Platform } from "../model/mod.ts";

/** Raised when there is no archive to be read at a path. */
export class ArchiveUnreadableError extends SluiceError {
  override readonly name: string = "ArchiveUnreadableError";

  /** Names the path, and says why. */
  constructor(path: string, cause: unknown) {
    super({
      code: "ARCHIVE_UNREADABLE",
      message: `The archive ${JSON.stringify(path)} cannot be read: ${
        cause instanceof Error ? cause.message : String(cause)
      }`,
      next: "Give the path of an archive on the machine where Sluice runs, which Sluice may read.",
      cause,
    });
  }
}

/** Raised for an archive that is of no kind that can be unpacked, or that ends too early. */
export class ArchiveInvalidError extends SluiceError {
  override readonly name: string = "ArchiveInvalidError";

  /** Names the path, and says what is wrong. */
  constructor(path: string, what: string, cause?: unknown) {
    super({
      code: "ARCHIVE_INVALID",
      message: `The archive ${JSON.stringify(path)} cannot be used: ${what}.`,
      next:
        "Make it anew: a tar archive, plain or compressed with gzip, bzip2, xz or zstd, or a self-extracting script.",
      cause,
    });
  }
}

/** Raised for an archive into which nobody can look here, so that its platform is not known. */
export class ArchiveOpaqueError extends SluiceError {
  override readonly name: string = "ArchiveOpaqueError";

  /** @param program The program that would be needed. */
  constructor(path: string, program: string, words: string) {
    super({
      code: "ARCHIVE_OPAQUE",
      message: `What ${JSON.stringify(path)} runs on cannot be found out: ${program} failed: ${
        words.trim() || "it said nothing"
      }`,
      next:
        `Install ${program} on the machine where Sluice runs, or say what 'software.platform' is.`,
    });
  }
}

/** Raised when an environment is for another platform than the cluster's; nothing has been sent. */
export class PlatformMismatchError extends SluiceError {
  override readonly name: string = "PlatformMismatchError";

  /** @param offered The platforms of the nodes on which the job could run. @param where Those nodes, in words. */
  constructor(platform: Platform, offered: readonly string[], where: string) {
    super({
      code: "PLATFORM_MISMATCH",
      message: `The environment is for ${platform}, and ${where} has ${offered.join(" and ")}.`,
      next: `Pack it for ${offered.join(" or ")}, or name a partition with nodes that fit.`,
    });
  }
}

/** Raised when the command that makes an archive fails. */
export class PackFailedError extends SluiceError {
  override readonly name: string = "PackFailedError";

  /** @param how How it ended. @param words The last that it printed. */
  constructor(command: readonly string[], how: string, words: string) {
    super({
      code: "PACK_FAILED",
      message: `${JSON.stringify(command[0] ?? "")} ${how}. It said last: ${
        words.trim() || "nothing"
      }`,
      next: "Run the command by hand where Sluice runs; Sluice's log has all that it printed.",
    });
  }
}

/** Raised when what has arrived on the cluster is not what was sent. */
export class EnvironmentDamagedError extends SluiceError {
  override readonly name: string = "EnvironmentDamagedError";

  /** Names the archive, and says what has arrived. */
  constructor(path: string, words: string) {
    super({
      code: "ENVIRONMENT_DAMAGED",
      message: `${JSON.stringify(path)} did not arrive as it was read: ${
        words.trim() || "nothing was said"
      }`,
      next:
        "It is sent again. If this lasts, see whether somebody changes the archive, and the disk of the cluster.",
      retryable: true,
    });
  }
}

/** Raised when the directory of environments on the cluster cannot be written or read. */
export class EnvironmentsUnusableError extends SluiceError {
  override readonly name: string = "EnvironmentsUnusableError";

  /** @param words What the shell said. */
  constructor(directory: string, words: string) {
    super({
      code: "ENVIRONMENTS_UNUSABLE",
      message: `${directory} cannot be used on the cluster: ${words.trim() || "nothing was said"}`,
      next: "Check the permissions and the quota there. It is tried again.",
      retryable: true,
    });
  }
}
