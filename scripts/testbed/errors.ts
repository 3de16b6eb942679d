/**
 * What can go wrong with the test cluster itself.
 *
 * @module
 */

import { SluiceError } from "../../model/mod.ts";

/** Stable codes of {@linkcode TestbedError}. */
export type TestbedErrorCode =
  | "TESTBED_BUSY"
  | "TESTBED_COMMAND_FAILED"
  | "TESTBED_DAEMON_FAILED"
  | "TESTBED_DIR_INVALID"
  | "TESTBED_DIR_IN_USE"
  | "TESTBED_DOWN"
  | "TESTBED_FACTS_INVALID"
  | "TESTBED_PACKAGES_MISSING"
  | "TESTBED_UNSUPPORTED"
  | "TESTBED_USAGE"
  | "TESTBED_USER_EXISTS";

/** Raised when the test cluster cannot be built, driven or taken down. */
export class TestbedError extends SluiceError {
  /** Always `TestbedError`. */
  override readonly name: string = "TestbedError";
  /** Which of the known failures this is; the same as `code`, with its type. */
  readonly reason: TestbedErrorCode;

  /** Makes the error from its code, what happened and what the user can do. */
  constructor(code: TestbedErrorCode, message: string, next: string, cause?: unknown) {
    super({ code, message, next, retryable: code === "TESTBED_BUSY", cause });
    this.reason = code;
  }
}

/**
 * The exit code of the `testbed` command for an error: 2 for wrong usage, 3 where this machine
 * cannot hold a cluster as it is (no root, not Linux, packages missing), 1 for all else.
 */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof TestbedError)) return 1;
  switch (error.reason) {
    case "TESTBED_USAGE":
    case "TESTBED_DIR_INVALID":
      return 2;
    case "TESTBED_PACKAGES_MISSING":
    case "TESTBED_UNSUPPORTED":
      return 3;
    case "TESTBED_DOWN":
      return 4;
    case "TESTBED_BUSY":
    case "TESTBED_COMMAND_FAILED":
    case "TESTBED_DAEMON_FAILED":
    case "TESTBED_DIR_IN_USE":
    case "TESTBED_FACTS_INVALID":
    case "TESTBED_USER_EXISTS":
      return 1;
  }
}
