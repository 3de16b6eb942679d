/**
 * The command that brings a port of a compute node to this machine. Pure.
 *
 * @module
 */

import type { ClusterConfig } from "../../model/mod.ts";
import { commandLine } from "../../shell/mod.ts";

/**
 * The command that brings a dashboard to the port of the same number on this machine, through the login node;
 * `undefined` where there is none or the address names no port.
 *
 * @param dashboard Host and port as the cluster's nodes see it.
 */
export function tunnelCommand(dashboard: string, config: ClusterConfig): string | undefined {
  if (config.type === "local") return undefined;
  const port = /:(\d{1,5})$/.exec(dashboard)?.[1];
  if (port === undefined) return undefined;
  const { host, user, proxyJump, sshConfig } = config;
  return commandLine([
    "ssh",
    "-N",
    "-L",
    `${port}:${dashboard}`,
    ...sshConfig === undefined ? [] : ["-F", sshConfig === false ? "none" : sshConfig],
    ...proxyJump === undefined ? [] : ["-J", proxyJump],
    ...config.port === undefined ? [] : ["-p", `${config.port}`],
    user === undefined ? host : `${user}@${host}`,
  ]);
}
