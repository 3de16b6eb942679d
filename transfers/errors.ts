/**
 * What can go wrong with the files that a job takes in or brings out.
 *
 * @module
 */

import { SluiceError } from "../model/mod.ts";

/** Raised for a local file or directory that is to be sent and cannot be read. */
export class InputUnreadableError extends SluiceError {
  override readonly name: string = "InputUnreadableError";

  /** Names the input and the path, and says why. */
  constructor(input: string, path: string, cause: unknown) {
    super({
      code: "INPUT_UNREADABLE",
      message: `The input ${JSON.stringify(input)} cannot be sent: ${JSON.stringify(path)}: ${
        cause instanceof Error ? cause.message : String(cause)
      }`,
      next:
        "Give the path of what is to be sent on the machine where Sluice runs, which Sluice may read.",
      cause,
    });
  }
}

/** Raised for a glob that matches nothing. */
export class InputEmptyError extends SluiceError {
  override readonly name: string = "InputEmptyError";

  /** Names the input and its pattern. */
  constructor(input: string, glob: string) {
    super({
      code: "INPUT_EMPTY",
      message: `The input ${JSON.stringify(input)} cannot be sent: nothing matches ${
        JSON.stringify(glob)
      }.`,
      next: "Correct the pattern; it is matched on the machine where Sluice runs.",
    });
  }
}

/** Raised for a symbolic link in a directory to be sent that leads out of it. */
export class InputLinkError extends SluiceError {
  override readonly name: string = "InputLinkError";

  /** Names the input, the link and where it leads. */
  constructor(input: string, path: string, target: string) {
    super({
      code: "INPUT_LINK_OUTSIDE",
      message: `The input ${JSON.stringify(input)} cannot be sent: the link ${
        JSON.stringify(path)
      } leads out of the directory, to ${JSON.stringify(target)}.`,
      next: "Replace the link by what it leads to, or by a relative link within the directory.",
    });
  }
}

/** Raised when a local file is not the same when it is sent as when it was looked at. */
export class InputChangedError extends SluiceError {
  override readonly name: string = "InputChangedError";

  /** Names the file. */
  constructor(path: string) {
    super({
      code: "INPUT_CHANGED",
      message: `${JSON.stringify(path)} was changed while it was being sent.`,
      next: "It is sent again as it is now. Leave it alone until the job is submitted.",
      retryable: true,
    });
  }
}

/** Raised when the files that were sent cannot be kept on the cluster. */
export class FilesUnusableError extends SluiceError {
  override readonly name: string = "FilesUnusableError";

  /** @param words What the shell said. */
  constructor(directory: string, words: string) {
    super({
      code: "FILES_UNUSABLE",
      message: `${directory} cannot be used on the cluster: ${words.trim() || "nothing was said"}`,
      next: "Check the permissions and the quota there. It is tried again.",
      retryable: true,
    });
  }
}

/** Raised when an input that was sent cannot be put where the job wants it. */
export class InputNotPlacedError extends SluiceError {
  override readonly name: string = "InputNotPlacedError";

  /**
   * Names the inputs, and says what the shell said.
   *
   * @param passing Whether it may go by itself, such as a file system that is full.
   */
  constructor(inputs: readonly string[], words: string, passing: boolean) {
    super({
      code: "INPUT_NOT_PLACED",
      message: `The inputs ${
        inputs.map((name) => JSON.stringify(name)).join(", ")
      } cannot be put in their places on the cluster: ${words.trim() || "nothing was said"}`,
      next: passing
        ? "Check the space and the quota there. It is tried again."
        : "Check what lies in `to` of the input, and its permissions.",
      retryable: passing,
    });
  }
}

/** Raised when what is fetched is not what was there when the job ended, or did not arrive whole. */
export class OutputChangedError extends SluiceError {
  override readonly name: string = "OutputChangedError";

  /** Names the output and its path, and the checksums. */
  constructor(output: string, path: string, expected: string, found: string) {
    super({
      code: "OUTPUT_CHANGED",
      message: `The output ${
        JSON.stringify(output)
      } is not what it was when the job ended: ${path} has the SHA-256 ${found} rather than ${expected}.`,
      next:
        "Something has changed it on the cluster since; nothing was kept of it here. Read it there.",
    });
  }
}

/** Raised where what is fetched cannot be written. */
export class FetchTargetError extends SluiceError {
  override readonly name: string = "FetchTargetError";

  /** Names the path, and says why. */
  constructor(path: string, cause: unknown) {
    super({
      code: "FETCH_TARGET",
      message: `${JSON.stringify(path)} cannot be written: ${
        cause instanceof Error ? cause.message : String(cause)
      }`,
      next: "Name another directory, or make room for it there.",
      cause,
    });
  }
}
