/**
 * Finding and reading the configuration.
 *
 * @module
 */

import { dirname, isAbsolute, join, resolve } from "node:path";
import { clusterNameSchema } from "../model/mod.ts";
import type { Environment } from "./environment.ts";
import {
  environmentCluster,
  environmentClusterName,
  environmentServer,
  nonEmpty,
} from "./environment.ts";
import { ConfigUnreadableError, NoClusterError } from "./errors.ts";
import { parseConfigFile } from "./file.ts";
import { localPath, stateDirectory, withLocalPaths } from "./local_path.ts";
import type { SluiceConfig } from "./schema.ts";

/** From where the configuration is read. */
export interface LoadConfigOptions {
  /**
   * The file. Default: `$SLUICE_CONFIG`; else the first that exists of `sluice.yaml` in the current
   * directory and `sluice/sluice.yaml` in `$XDG_CONFIG_HOME` (`~/.config`).
   */
  readonly path?: string;
  /** Reads a variable of the environment. Default: `Deno.env.get`. */
  readonly env?: Environment;
  /** Reads a file; rejects with `Deno.errors.NotFound` where there is none. */
  readonly readTextFile?: (path: string) => Promise<string>;
  /** The current directory. Default: `Deno.cwd()`. */
  readonly directory?: string;
  /** Whether a configuration without any cluster is an error. Default: `true`. */
  readonly requireCluster?: boolean;
}

interface Found {
  readonly path: string;
  readonly text: string;
}

async function findFile(
  named: string | undefined,
  candidates: readonly string[],
  readTextFile: (path: string) => Promise<string>,
): Promise<Found | undefined> {
  for (const path of named === undefined ? candidates : [named]) {
    try {
      return { path, text: await readTextFile(path) };
    } catch (error) {
      if (named === undefined && error instanceof Deno.errors.NotFound) continue;
      throw new ConfigUnreadableError(path, error);
    }
  }
  return undefined;
}

/**
 * Reads the configuration: the file, then the environment over it.
 *
 * From the environment come `SLUICE_HOST`, `SLUICE_PORT`, `SLUICE_TOKEN` and `SLUICE_DATA_DIRECTORY`,
 * and with `SLURM_SSH_HOST` set a cluster named `env` (see {@linkcode environmentCluster}), which takes
 * the place of one of that name in the file. Relative paths in the file start from the file's directory.
 *
 * @throws {ConfigUnreadableError} Where a named file cannot be read.
 * @throws {ConfigInvalidError} With file, line, field and fix of everything that is wrong.
 * @throws {NoClusterError} Where no cluster is configured.
 *
 * @example
 * ```ts
 * import { loadConfig } from "@sluice/sluice";
 *
 * const config = await loadConfig({ path: "sluice.yaml" });
 * console.log(Object.keys(config.clusters));
 * ```
 */
export async function loadConfig(options: LoadConfigOptions = {}): Promise<SluiceConfig> {
  const read = nonEmpty(options.env ?? ((name) => Deno.env.get(name)));
  const readTextFile = options.readTextFile ?? ((path) => Deno.readTextFile(path));
  const directory = options.directory ?? Deno.cwd();
  const home = read("HOME") ?? directory;
  const xdgConfig = read("XDG_CONFIG_HOME");
  const candidates = [
    resolve(directory, "sluice.yaml"),
    join(
      xdgConfig !== undefined && isAbsolute(xdgConfig) ? xdgConfig : join(home, ".config"),
      "sluice",
      "sluice.yaml",
    ),
  ];
  const named = options.path ?? read("SLUICE_CONFIG");
  const found = await findFile(
    named === undefined ? undefined : localPath(named, { home, directory }),
    candidates,
    readTextFile,
  );

  const file = parseConfigFile(found?.text ?? "", found?.path ?? "sluice.yaml");
  const base = { home, directory: found === undefined ? directory : dirname(found.path) };
  const fromEnvironment = read("SLUICE_DATA_DIRECTORY");
  const config = withLocalPaths(
    file,
    fromEnvironment === undefined
      ? file.dataDirectory ?? stateDirectory(home, read("XDG_STATE_HOME"))
      : localPath(fromEnvironment, { home, directory }),
    base,
  );
  const cluster = environmentCluster(read);
  const clusters = cluster === undefined ? config.clusters : withLocalPaths(
    { ...file, clusters: { [clusterNameSchema.parse(environmentClusterName)]: cluster } },
    config.dataDirectory,
    { home, directory },
  ).clusters;
  const complete = {
    ...config,
    server: environmentServer(config.server, read),
    clusters: { ...config.clusters, ...clusters },
  };
  if ((options.requireCluster ?? true) && Object.keys(complete.clusters).length === 0) {
    throw new NoClusterError(found === undefined ? candidates : []);
  }
  return complete;
}
