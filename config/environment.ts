/**
 * What the environment says.
 *
 * @module
 */

import type { ClusterConfig } from "../model/mod.ts";
import { clusterConfigSchema, inputIssues, pathText } from "../model/mod.ts";
import { ConfigInvalidError } from "./errors.ts";
import type { ServerConfig } from "./schema.ts";
import { serverConfigSchema } from "./schema.ts";
import { parseSshOptions } from "./ssh_options.ts";

/** Reads one variable; an unset one is `undefined`. */
export type Environment = (name: string) => string | undefined;

/** Name of the cluster that `SLURM_SSH_HOST` describes. */
export const environmentClusterName = "env";

/** Every variable that the configuration reads: what `--allow-env` must name. */
export const configVariables = [
  "HOME",
  "XDG_CONFIG_HOME",
  "XDG_STATE_HOME",
  "SLUICE_CONFIG",
  "SLUICE_DATA_DIRECTORY",
  "SLUICE_HOST",
  "SLUICE_PORT",
  "SLUICE_TOKEN",
  "SLURM_SSH_HOST",
  "SLURM_SSH_PORT",
  "SLURM_SSH_USER",
  "SLURM_SSH_KEY",
  "SLURM_SSH_PASSWORD",
  "SLURM_SSH_OPTS_EXTRA",
  "SLURM_PRIVATE_KEY",
] as const;

/** The environment with empty variables taken for unset ones, as shells' `${VAR:-…}` does. */
export function nonEmpty(environment: Environment): Environment {
  return (name) => {
    const value = environment(name);
    return value === "" ? undefined : value;
  };
}

/** An object without the fields that are `undefined`. */
function present<Value>(entries: Record<string, Value | undefined>): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(entries).flatMap(([key, value]) => value === undefined ? [] : [[key, value]]),
  );
}

const variableOf: Readonly<Record<string, string>> = {
  host: "SLURM_SSH_HOST",
  port: "SLURM_SSH_PORT",
  user: "SLURM_SSH_USER",
};

/**
 * The cluster that `SLURM_SSH_HOST` and its companions describe, or `undefined` where it is not set.
 *
 * `SLURM_SSH_PORT` and `SLURM_SSH_USER` default to the ssh_config's. At most one of `SLURM_SSH_KEY`
 * (path of a key), `SLURM_PRIVATE_KEY` (the key itself) and `SLURM_SSH_PASSWORD` says how to log in;
 * without any it is the agent or the ssh_config's keys. `SLURM_SSH_OPTS_EXTRA` holds options of the ssh
 * command; a variable of its own wins over the same setting there.
 *
 * Source: `SSHConnectionResource.from_env` of dagster-slurm, `SLURM_PRIVATE_KEY` of flytekit's plugin.
 *
 * @throws {ConfigInvalidError} Naming the variable.
 * @throws {SshOptionError} Naming an option that cannot be honoured.
 */
export function environmentCluster(environment: Environment): ClusterConfig | undefined {
  const read = nonEmpty(environment);
  const host = read("SLURM_SSH_HOST");
  if (host === undefined) return undefined;
  const options = parseSshOptions(read("SLURM_SSH_OPTS_EXTRA") ?? "");
  const ways = present({
    SLURM_SSH_KEY: read("SLURM_SSH_KEY"),
    SLURM_PRIVATE_KEY: read("SLURM_PRIVATE_KEY"),
    SLURM_SSH_PASSWORD: read("SLURM_SSH_PASSWORD"),
    "IdentityFile in SLURM_SSH_OPTS_EXTRA": options.keyFile,
  });
  if (Object.keys(ways).length > 1) {
    throw new ConfigInvalidError(
      [`environment: ${Object.keys(ways).join(" and ")} are both set.`],
      "Keep one of them: a cluster is logged into in exactly one way.",
    );
  }
  const auth = present({
    keyFile: ways["SLURM_SSH_KEY"] ?? options.keyFile,
    keyText: ways["SLURM_PRIVATE_KEY"],
    password: ways["SLURM_SSH_PASSWORD"],
  });
  const port = read("SLURM_SSH_PORT");
  const parsed = clusterConfigSchema.safeParse({
    type: "slurm",
    host,
    ...present<unknown>({
      port: port === undefined ? options.port : Number(port),
      user: read("SLURM_SSH_USER") ?? options.user,
      auth: Object.keys(auth).length === 0 ? undefined : auth,
      proxyJump: options.proxyJump,
      connectTimeoutSeconds: options.connectTimeoutSeconds,
      keepaliveSeconds: options.keepaliveSeconds,
    }),
    hostKeys: present({ policy: options.policy, knownHosts: options.knownHosts }),
  });
  if (parsed.success) return parsed.data;
  throw new ConfigInvalidError(
    inputIssues(parsed.error).map((issue) => {
      const variable = variableOf[String(issue.path[0])] ?? "SLURM_SSH_OPTS_EXTRA";
      return `environment: ${variable}: ${pathText(issue.path)} ${issue.message}.`;
    }),
    "Correct the variable named above.",
  );
}

/**
 * The server's settings with those of `SLUICE_HOST`, `SLUICE_PORT` and `SLUICE_TOKEN` put over them.
 *
 * @throws {ConfigInvalidError} Naming the variable.
 */
export function environmentServer(server: ServerConfig, environment: Environment): ServerConfig {
  const read = nonEmpty(environment);
  const host = read("SLUICE_HOST");
  const port = read("SLUICE_PORT");
  const token = read("SLUICE_TOKEN");
  const { tokenFile, ...rest } = server;
  const parsed = serverConfigSchema.safeParse({
    ...rest,
    ...(token === undefined && tokenFile !== undefined ? { tokenFile } : {}),
    ...present<unknown>({ host, port: port === undefined ? undefined : Number(port), token }),
  });
  if (parsed.success) return parsed.data;
  throw new ConfigInvalidError(
    inputIssues(parsed.error).map((issue) =>
      `environment: SLUICE_${String(issue.path[0]).toUpperCase()}: ${issue.message}.`
    ),
    "Correct the variable named above.",
  );
}
