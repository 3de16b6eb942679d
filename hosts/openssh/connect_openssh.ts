/**
 * Opening a host over SSH by the OpenSSH client of this machine.
 *
 * @module
 */

import type { Host } from "../host.ts";
import { ShellHost } from "../shell_host.ts";
import type { ConnectSshOptions, SshConnectionConfig } from "../ssh/mod.ts";
import { expandHome, type SshEnvironment, systemEnvironment } from "../ssh/environment.ts";
import { ConnectError, KeyFileError } from "../ssh/ssh_errors.ts";
import { ControlMaster } from "./control_master.ts";
import { type Attempt, learningFailure, loginFailure, reached } from "./login_log.ts";
import { OpenSshTransport } from "./openssh_transport.ts";
import { masterWords } from "./ssh_words.ts";

/**
 * Opens a host over SSH with `ssh` itself, which reads the user's ssh_config in its own way and can do all
 * that it can: certificates, hardware keys, GSSAPI, any ProxyCommand. It never asks a person. One process
 * holds the connection; each channel is another one beside it. What `config` names wins over the ssh_config.
 *
 * @throws {OpenSshMissingError} There is no `ssh`.
 * @throws {OpenSshAuthError} `auth` holds a key's text, a passphrase or a password.
 * @throws {ConnectError} Not reached; worth another try.
 * @throws {HandshakeError} No common way of speaking SSH.
 * @throws {HostKeyUnknownError} The host's key is not in known_hosts.
 * @throws {HostKeyChangedError} The host's key is another than the known one.
 * @throws {HostKeyRevokedError} The host's key is marked as revoked.
 * @throws {KnownHostsError} A new key cannot be written to the known_hosts file.
 * @throws {AuthenticationError} The host accepts none of our credentials. Never to be retried.
 * @throws {KeyFileError} The key cannot be read.
 * @throws {PassphraseError} The key does not open.
 * @throws {AgentError} The agent is not there.
 * @throws {SshConfigError} The ssh_config makes no sense to OpenSSH.
 * @throws {ProxyJumpError} A jump host failed, for one of the reasons above, which is its `cause`.
 */
export async function connectOpenSsh(
  config: SshConnectionConfig,
  options: ConnectSshOptions = {},
): Promise<Host> {
  const { signal, environment = systemEnvironment } = options;
  signal?.throwIfAborted();
  const readyMark = `sluice-ready-${crypto.randomUUID()}`;
  const words = masterWords(config, environment, readyMark);
  const keyFile = await readableKey(config, environment);
  const { label, attempt } = attemptOf(config, keyFile, environment);
  const master = new ControlMaster(words, readyMark);
  try {
    await readyInTime(master, label, config.connectTimeoutSeconds, signal);
    if (!await master.ready) {
      const { code } = await master.ended;
      throw loginFailure(master.loginLog, { ...attempt, code });
    }
    const failure = learningFailure(master.loginLog);
    if (failure !== undefined) throw failure;
  } catch (error) {
    await master.end();
    throw error;
  }
  const { slurmPath, shell } = config;
  const transport = new OpenSshTransport(reached(master.loginLog) ?? label, config.host, master);
  return new ShellHost(transport, {
    shell: { ...shell, ...(slurmPath === undefined ? {} : { path: slurmPath }) },
  });
}

function attemptOf(
  config: SshConnectionConfig,
  keyFile: string | undefined,
  environment: SshEnvironment,
): { readonly label: string; readonly attempt: Omit<Attempt, "code"> } {
  const { user, host, port, auth, hostKeys, proxyJump } = config;
  const label = `${user === undefined ? "" : `${user}@`}${host}${
    port === undefined ? "" : `:${port}`
  }`;
  return {
    label,
    attempt: {
      label,
      agent: auth?.agent !== undefined,
      knownHosts: expandHome(hostKeys.knownHosts ?? "~/.ssh/known_hosts", environment),
      ...(keyFile === undefined ? {} : { keyFile }),
      ...(proxyJump === undefined ? {} : { proxyJump }),
    },
  };
}

/** Resolves when the master is ready or has ended. `ssh` has a timeout for each step, none for them all. */
async function readyInTime(
  master: ControlMaster,
  label: string,
  seconds: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const late = new ConnectError(label, `it did not answer within ${seconds} s`);
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(late), seconds * 1000);
  const ended = signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal]);
  const stopped = Promise.withResolvers<never>();
  const stop = () => stopped.reject(ended.reason);
  if (ended.aborted) stop();
  else ended.addEventListener("abort", stop, { once: true });
  try {
    await Promise.race([master.ready, stopped.promise]);
  } finally {
    ended.removeEventListener("abort", stop);
    clearTimeout(timer);
  }
}

/** The configured key's path. `ssh` would go on without a key that it cannot read, and offer others. */
async function readableKey(
  { auth }: SshConnectionConfig,
  environment: SshEnvironment,
): Promise<string | undefined> {
  if (auth?.keyFile === undefined) return undefined;
  const path = expandHome(auth.keyFile, environment);
  try {
    await environment.readFile(path);
    return path;
  } catch (error) {
    const detail = error instanceof Deno.errors.NotFound ? "there is no such file" : String(error);
    throw new KeyFileError(path, detail, error);
  }
}
