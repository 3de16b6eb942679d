/**
 * Paths on this machine as people write them.
 *
 * @module
 */

import { isAbsolute, join, resolve } from "node:path";
import type { ClusterConfig } from "../model/mod.ts";
import type { SluiceFile } from "./file.ts";
import type { SluiceConfig } from "./schema.ts";

/** From where paths are read. */
export interface PathBase {
  /** The user's home directory, for `~`. */
  readonly home: string;
  /** Directory that relative paths start from: that of the configuration file. */
  readonly directory: string;
}

/** The path with `~` replaced and made absolute. */
export function localPath(path: string, base: PathBase): string {
  if (path === "~") return base.home;
  if (path.startsWith("~/")) return join(base.home, path.slice(2));
  return isAbsolute(path) ? path : resolve(base.directory, path);
}

/**
 * The directory for what must outlive a restart: `$XDG_STATE_HOME/sluice`, else
 * `~/.local/state/sluice`. A relative XDG variable is ignored.
 *
 * Source: XDG Base Directory Specification 0.8.
 */
export function stateDirectory(home: string, xdgStateHome: string | undefined): string {
  return xdgStateHome !== undefined && isAbsolute(xdgStateHome)
    ? join(xdgStateHome, "sluice")
    : join(home, ".local", "state", "sluice");
}

/** The configuration with every path of this machine made absolute. */
export function withLocalPaths(
  file: SluiceFile,
  dataDirectory: string,
  base: PathBase,
): SluiceConfig {
  const { tokenFile, ...server } = file.server;
  return {
    ...file,
    server: {
      ...server,
      ...(tokenFile === undefined ? {} : { tokenFile: localPath(tokenFile, base) }),
    },
    dataDirectory: localPath(dataDirectory, base),
    clusters: Object.fromEntries(
      Object.entries(file.clusters).map(([name, cluster]) => [name, localised(cluster, base)]),
    ),
  };
}

function localised(cluster: ClusterConfig, base: PathBase): ClusterConfig {
  if (cluster.type === "local") return cluster;
  const { auth, hostKeys, sshConfig } = cluster;
  return {
    ...cluster,
    hostKeys: hostKeys.knownHosts === undefined
      ? hostKeys
      : { ...hostKeys, knownHosts: localPath(hostKeys.knownHosts, base) },
    ...(typeof sshConfig === "string" ? { sshConfig: localPath(sshConfig, base) } : {}),
    ...(auth === undefined ? {} : {
      auth: {
        ...auth,
        ...(auth.keyFile === undefined ? {} : { keyFile: localPath(auth.keyFile, base) }),
        ...(typeof auth.agent === "string" ? { agent: localPath(auth.agent, base) } : {}),
      },
    }),
  };
}
