/**
 * Opening this machine as a host.
 *
 * @module
 */

import type { LocalClusterConfig } from "../../model/mod.ts";
import type { Host } from "../host.ts";
import { ShellHost } from "../shell_host.ts";
import { LocalTransport } from "./local_transport.ts";

/** How this machine is used as a host. */
export interface OpenLocalOptions {
  /** Directory in which commands start. Default: the process's own. */
  readonly directory?: string;
}

/**
 * This machine as a host. Every process started through it, and not set free with `setsid`, ends when
 * it is closed.
 *
 * @param config The cluster's configuration, of which the shell is used. Default: plain `sh`.
 */
export function openLocal(
  config: Partial<Pick<LocalClusterConfig, "shell">> = {},
  options: OpenLocalOptions = {},
): Promise<Host> {
  const transport = new LocalTransport(options.directory);
  return Promise.resolve(
    new ShellHost(transport, config.shell === undefined ? {} : { shell: config.shell }),
  );
}
