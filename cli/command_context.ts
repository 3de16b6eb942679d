/**
 * What every command works with.
 *
 * @module
 */

import type { SluiceClient } from "../rpc/mod.ts";
import type { ConnectionOptions } from "./connection.ts";
import type { Terminal } from "./terminal.ts";

/** What every command works with. */
export interface CommandContext {
  /** The outside. */
  readonly terminal: Terminal;
  /** Words after `--` on the command line; `undefined` where there was no `--`. */
  readonly rest: readonly string[] | undefined;
  /** Reaches the server. */
  connect(options: ConnectionOptions): Promise<SluiceClient>;
  /** Tells with which status to end. */
  finish(exitCode: number): void;
}
