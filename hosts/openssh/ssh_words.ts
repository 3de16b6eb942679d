/**
 * The words of `ssh` for a connection and for a channel on it: pure.
 *
 * Source: ssh(1), ssh_config(5). Of options that are set more than once the first counts, so what is said
 * here wins over the user's ssh_config.
 *
 * @module
 */

import { commandLine } from "../../shell/mod.ts";
import { expandHome, type SshEnvironment } from "../ssh/environment.ts";
import { parseProxyJump, type Stop } from "../ssh/proxy_jump.ts";
import { AgentError } from "../ssh/ssh_errors.ts";
import type { SshConnectionConfig } from "../ssh/mod.ts";
import { OpenSshAuthError } from "./openssh_errors.ts";

/** Never ask, and tell all that a failed login is explained by. */
const BATCH = ["BatchMode=yes", "LogLevel=DEBUG1"];

/** Nothing of what an ssh_config may ask for beside the connection itself. */
const CONNECTION_ALONE = [
  "ControlMaster=yes",
  // A master in the background would outlive us.
  "ControlPersist=no",
  // Ports that another ssh of the user's holds already.
  "ClearAllForwardings=yes",
  "ForwardAgent=no",
  "ForwardX11=no",
  "RemoteCommand=none",
  "RequestTTY=no",
  "PermitLocalCommand=yes",
];

/**
 * OpenSSH's own ciphers, those first that processors have instructions for: `scp` moved 1.3 to 2 times as much
 * with AES-GCM as with chacha20-poly1305, which OpenSSH puts first.
 */
const CIPHERS = [
  "aes128-gcm@openssh.com",
  "aes256-gcm@openssh.com",
  "chacha20-poly1305@openssh.com",
  "aes128-ctr",
  "aes192-ctr",
  "aes256-ctr",
];

/**
 * The words behind `ssh` of a master, which holds the connection and has no channel of its own. The path
 * of its socket is to be put in front of them.
 *
 * @param readyMark Word that it prints once it takes channels.
 * @throws {OpenSshAuthError} The configured credential is not one that OpenSSH can be given.
 * @throws {AgentError} The agent of `SSH_AUTH_SOCK` is asked for, which is not set.
 * @throws {SshConfigError} The jump hosts cannot be read.
 */
export function masterWords(
  config: SshConnectionConfig,
  environment: SshEnvironment,
  readyMark: string,
): readonly string[] {
  const settings = [
    ...BATCH,
    ...CONNECTION_ALONE,
    `LocalCommand=echo ${readyMark}`,
    `ServerAliveInterval=${Math.ceil(config.keepaliveSeconds)}`,
    "ServerAliveCountMax=3",
    ...loginSettings(config, environment),
  ];
  return [
    "-N",
    "-T",
    ...fileWords(config, environment),
    ...options(settings),
    ...jumpWords(config, environment),
    ...stopWords({
      alias: config.host,
      ...(config.port === undefined ? {} : { port: config.port }),
      ...(config.user === undefined ? {} : { user: config.user }),
    }),
  ];
}

/**
 * The words of a command on a channel of the master with that socket. The account's login shell prints the
 * mark before it reads the command.
 */
export function channelWords(
  socket: string,
  host: string,
  openMark: string,
  command: string,
): readonly string[] {
  return [...clientWords(socket), "-T", "--", host, `echo ${openMark}; ${command}`];
}

/** The words that ask whether the master with that socket lives. */
export function checkWords(socket: string, host: string): readonly string[] {
  return [...clientWords(socket), "-O", "check", "--", host];
}

function clientWords(socket: string): readonly string[] {
  const settings = [
    "ControlMaster=no",
    "BatchMode=yes",
    "LogLevel=ERROR",
    // A client that gets no channel would else connect on its own.
    "ProxyCommand=false",
  ];
  return ["ssh", "-F", "none", "-S", literal(socket), ...options(settings)];
}

/** What holds for the host itself and for those in front of it. */
function loginSettings(
  config: SshConnectionConfig,
  environment: SshEnvironment,
): readonly string[] {
  return [
    `ConnectTimeout=${Math.ceil(config.connectTimeoutSeconds)}`,
    // With an ssh_config it is the user's to say, or the system's.
    ...(config.sshConfig === false ? [`Ciphers=${CIPHERS.join(",")}`] : []),
    ...hostKeySettings(config, environment),
    ...authSettings(config, environment),
  ];
}

function hostKeySettings(
  { hostKeys: { policy, knownHosts } }: SshConnectionConfig,
  environment: SshEnvironment,
): readonly string[] {
  if (policy === "insecure") {
    return [
      "StrictHostKeyChecking=no",
      "UserKnownHostsFile=/dev/null",
      "GlobalKnownHostsFile=/dev/null",
    ];
  }
  return [
    `StrictHostKeyChecking=${policy === "strict" ? "yes" : policy}`,
    ...(knownHosts === undefined ? [] : [
      `UserKnownHostsFile=${quoted(literal(expandHome(knownHosts, environment)))}`,
      "GlobalKnownHostsFile=/dev/null",
    ]),
  ];
}

function authSettings(
  { auth }: SshConnectionConfig,
  environment: SshEnvironment,
): readonly string[] {
  if (auth === undefined) return [];
  for (const setting of ["keyText", "passphrase", "password"] as const) {
    if (auth[setting] !== undefined) throw new OpenSshAuthError(setting);
  }
  if (auth.agent !== undefined) {
    const socket = auth.agent === true
      ? environment.variable("SSH_AUTH_SOCK")
      : expandHome(auth.agent, environment);
    if (socket === undefined || socket === "") throw new AgentError("SSH_AUTH_SOCK is not set");
    return [`IdentityAgent=${quoted(literal(socket))}`, "IdentityFile=none", "IdentitiesOnly=no"];
  }
  if (auth.keyFile === undefined) return [];
  return [
    `IdentityFile=${quoted(literal(expandHome(auth.keyFile, environment)))}`,
    "IdentitiesOnly=yes",
  ];
}

function fileWords(
  { sshConfig }: SshConnectionConfig,
  environment: SshEnvironment,
): readonly string[] {
  if (sshConfig === undefined) return [];
  return ["-F", sshConfig === false ? "none" : expandHome(sshConfig, environment)];
}

/**
 * The way through the configured jump hosts. `-J` would do, but for the keys: it hands on neither the
 * known hosts nor our own key.
 */
function jumpWords(config: SshConnectionConfig, environment: SshEnvironment): readonly string[] {
  if (config.proxyJump === undefined) return [];
  const stops = parseProxyJump(config.proxyJump);
  if (stops.length === 0) return ["-o", "ProxyJump=none"];
  return ["-o", `ProxyCommand=${commandThrough(stops, config, environment)}`];
}

function commandThrough(
  stops: readonly Stop[],
  config: SshConnectionConfig,
  environment: SshEnvironment,
): string {
  const last = stops.at(-1);
  if (last === undefined) return "none";
  const before = stops.slice(0, -1);
  const settings = [
    "BatchMode=yes",
    // Its own debugging would be mistaken for the master's.
    "LogLevel=INFO",
    "ControlMaster=no",
    "ClearAllForwardings=yes",
    ...loginSettings(config, environment),
  ];
  const words = [
    "ssh",
    ...fileWords(config, environment),
    ...options(settings),
    ...(before.length === 0
      ? []
      : ["-o", `ProxyCommand=${commandThrough(before, config, environment)}`]),
  ];
  // The words of the hosts before it have tokens of their own, which are not ours to fill in.
  return `${commandLine(words.map(literal))} -W '[%h]:%p' ${
    commandLine(stopWords(last).map(literal))
  }`;
}

/** Where to go: behind the options, since a name could else be taken for one. */
function stopWords({ alias, port, user }: Stop): readonly string[] {
  return [
    ...(port === undefined ? [] : ["-p", String(port)]),
    ...(user === undefined ? [] : ["-l", user]),
    "--",
    alias,
  ];
}

function options(settings: readonly string[]): readonly string[] {
  return settings.flatMap((setting) => ["-o", setting]);
}

/** The text without tokens that `ssh` would fill in. */
function literal(text: string): string {
  return text.replaceAll("%", "%%");
}

/** A value that stays one where `ssh` splits it at blanks. */
function quoted(value: string): string {
  if (!/[\s"'\\#]/.test(value)) return value;
  return `"${value.replaceAll(/["\\]/g, (letter) => `\\${letter}`)}"`;
}
