/**
 * Opening a host over SSH.
 *
 * @module
 */

// @ts-types="@types/ssh2"
import type { Client } from "ssh2";
import { asSluiceError, type Auth, type SlurmClusterConfig } from "../../model/mod.ts";
import type { Host } from "../host.ts";
import { ShellHost } from "../shell_host.ts";
import { findCredentials } from "./credentials.ts";
import { expandHome, type SshEnvironment, systemEnvironment } from "./environment.ts";
import { HostKeyVerifier } from "./host_keys.ts";
import { type ResolvedStop, wayTo } from "./proxy_jump.ts";
import { localUserName, SshConfig, type SshHostSettings } from "./ssh_config.ts";
import { ProxyJumpError, SshConfigError } from "./ssh_errors.ts";
import { logIn, type SshLogin } from "./ssh_login.ts";
import { SshTransport } from "./ssh_transport.ts";

/** What of a cluster's configuration a connection needs. */
export type SshConnectionConfig = Pick<
  SlurmClusterConfig,
  | "host"
  | "port"
  | "user"
  | "auth"
  | "hostKeys"
  | "proxyJump"
  | "sshConfig"
  | "connectTimeoutSeconds"
  | "keepaliveSeconds"
  | "slurmPath"
  | "shell"
>;

/** How a connection is opened. */
export interface ConnectSshOptions {
  /** Gives up the attempt; an open connection is not touched. */
  readonly signal?: AbortSignal;
  /** Variables and files of the local user. Default: those of the process. */
  readonly environment?: SshEnvironment;
}

/**
 * Opens a host over SSH.
 *
 * The name is looked up in the ssh_config (`HostName`, `Port`, `User`, `IdentityFile`, `ProxyJump` and
 * others); what the configuration names itself wins. Jump hosts are looked up likewise, each host's key
 * is verified under its own name, and a password is given to the last host alone.
 *
 * @throws {ConnectError} Not reached; worth another try.
 * @throws {HandshakeError} No common way of speaking SSH.
 * @throws {HostKeyUnknownError} The host's key is not in known_hosts.
 * @throws {HostKeyChangedError} The host's key is another than the known one.
 * @throws {HostKeyRevokedError} The host's key is marked as revoked.
 * @throws {KnownHostsError} A known_hosts file cannot be read or written.
 * @throws {AuthenticationError} The host accepts none of our credentials. Never to be retried.
 * @throws {KeyFileError} The key cannot be read.
 * @throws {KeyFormatError} The key cannot be used.
 * @throws {PassphraseError} The key does not open.
 * @throws {AgentError} The agent is not there.
 * @throws {SshConfigError} The ssh_config makes no sense or asks for what is not supported.
 * @throws {ProxyJumpError} A jump host failed, for one of the reasons above, which is its `cause`.
 */
export async function connectSsh(
  config: SshConnectionConfig,
  options: ConnectSshOptions = {},
): Promise<Host> {
  const { signal, environment = systemEnvironment } = options;
  signal?.throwIfAborted();
  const sshConfig = await SshConfig.read(config.sshConfig, environment);
  const { host: alias, port, user } = config;
  const settings = sshConfig.lookUp(alias, user);
  const target: ResolvedStop = {
    alias,
    settings,
    ...(port === undefined ? {} : { port }),
    ...(user === undefined ? {} : { user }),
  };
  const address = addressOf(target, environment);
  const clients: Client[] = [];
  try {
    for (const hop of wayTo(settings, config.proxyJump, sshConfig)) {
      try {
        const auth = authOfHop(config.auth, hop.settings);
        const login = await prepare(hop, auth, config, environment);
        clients.push(await logIn(login, clients.at(-1), signal));
      } catch (error) {
        signal?.throwIfAborted();
        throw new ProxyJumpError(
          addressOf(hop, environment).label,
          address.label,
          asSluiceError(error),
        );
      }
    }
    const login = await prepare(target, config.auth, config, environment);
    const client = await logIn(login, clients.at(-1), signal);
    const { slurmPath, shell } = config;
    return new ShellHost(new SshTransport(address.label, client, clients), {
      shell: { ...shell, ...(slurmPath === undefined ? {} : { path: slurmPath }) },
    });
  } catch (error) {
    for (const client of clients.toReversed()) client.destroy();
    throw error;
  }
}

interface Address {
  readonly label: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

function addressOf(
  { alias, port: named, user: namedUser, settings }: ResolvedStop,
  environment: SshEnvironment,
): Address {
  const host = settings.hostName ?? alias;
  const port = named ?? settings.port ?? 22;
  const user = namedUser ?? settings.user ?? localUserName(environment);
  if (user === undefined) {
    throw new SshConfigError(
      `There is no user name for ${alias}.`,
      "Set `user` of the cluster, or a User line in the ssh_config.",
    );
  }
  return { label: `${user}@${host.includes(":") ? `[${host}]` : host}:${port}`, host, port, user };
}

/**
 * What a jump host is offered: its own keys of the ssh_config, else the target's key or agent. A password
 * is never offered, since it would be told to a machine it was not meant for.
 */
function authOfHop(auth: Auth | undefined, settings: SshHostSettings): Auth | undefined {
  return settings.identityFiles.length > 0 || auth?.password !== undefined ? undefined : auth;
}

async function prepare(
  stop: ResolvedStop,
  auth: Auth | undefined,
  config: SshConnectionConfig,
  environment: SshEnvironment,
): Promise<SshLogin> {
  const { settings } = stop;
  const address = addressOf(stop, environment);
  const { policy, knownHosts } = config.hostKeys;
  const files = knownHosts === undefined
    ? settings.userKnownHostsFiles ?? ["~/.ssh/known_hosts"]
    : [knownHosts];
  const verifier = await HostKeyVerifier.read({
    policy,
    files: files.map((file) => expandHome(file, environment)),
    host: settings.hostKeyAlias ?? address.host,
    // An alias stands for the host on whatever port.
    port: settings.hostKeyAlias === undefined ? address.port : 22,
  }, environment);
  return {
    ...address,
    credentials: await findCredentials(auth, settings, environment),
    verifier,
    timeoutMs: config.connectTimeoutSeconds * 1000,
    keepaliveMs: config.keepaliveSeconds * 1000,
  };
}
