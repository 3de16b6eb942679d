/**
 * Reading what `ssh` says of a login: pure.
 *
 * Source: the messages of OpenSSH 7.6 to 9.9 in ssh.c, sshconnect.c, sshconnect2.c, packet.c and readconf.c,
 * which are never translated.
 *
 * @module
 */

import type { SluiceError } from "../../model/mod.ts";
import {
  AgentError,
  AuthenticationError,
  ConnectError,
  HandshakeError,
  HostKeyChangedError,
  HostKeyRevokedError,
  HostKeyUnknownError,
  KeyFileError,
  KnownHostsError,
  PassphraseError,
  ProxyJumpError,
  SshConfigError,
} from "../ssh/ssh_errors.ts";
import { OpenSshMissingError } from "./openssh_errors.ts";

/** What was to be reached, and how. */
export interface Attempt {
  /** Who and where, as far as it is known. */
  readonly label: string;
  /** Path of the key that was to be offered. */
  readonly keyFile?: string;
  /** An agent was asked for. */
  readonly agent: boolean;
  /** The known_hosts files that new keys belong into. */
  readonly knownHosts: string;
  /** The configured jump hosts. */
  readonly proxyJump?: string;
  /** Exit status of `ssh`. */
  readonly code: number;
  /** It is a jump host, whose `ssh` does not tell what it tries. */
  readonly isHop?: boolean;
}

/** Who and where, `user@host:port` as the ssh_config makes it; `undefined` before `ssh` has reached the host. */
export function reached(log: string): string | undefined {
  const [, host = "", port = "", user = ""] =
    /^debug1: Authenticating to (.+):(\d+) as '(.*)'$/m.exec(log) ?? [];
  if (host === "") return undefined;
  return `${user}@${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** What went wrong though the login succeeded: a new key was to be learned and was not. */
export function learningFailure(log: string): SluiceError | undefined {
  const file = /^Failed to add the host to the list of known hosts \((.*)\)\.$/m.exec(log)?.[1];
  return file === undefined
    ? undefined
    : new KnownHostsError(file, "the host's new key cannot be added to it");
}

/** Why a login failed. */
export function loginFailure(log: string, attempt: Attempt): SluiceError {
  const through = /^debug1: Executing proxy command: /m.test(log);
  if (!through || /^debug1: Remote protocol version /m.test(log)) return ownFailure(log, attempt);
  // The host never spoke, so what is said is said of one on the way to it.
  const hop = attempt.proxyJump ?? impliedJump(log);
  return new ProxyJumpError(
    hop,
    attempt.label,
    ownFailure(log, { ...attempt, label: hop, isHop: true }),
  );
}

/** Why an established connection ended, from what `ssh` said last. */
export function lossDetail(talk: string, code: number): string {
  // The status of ssh itself is 255; shells say in words of their own that a signal ended it.
  if (code > 128 && code < 255) return `ssh was ended by signal ${code - 128}`;
  const said = spoken(talk).filter((line) => !/^(?:Transferred|Bytes per second): /.test(line));
  return said.at(-1)?.replace(/\.$/, "") ?? `ssh ended with status ${code}`;
}

function ownFailure(log: string, attempt: Attempt): SluiceError {
  const cause = new Error(spoken(log).join("\n"));
  const { label, code } = attempt;
  if (code === 127) return new OpenSshMissingError(cause);
  return configFailure(log, cause) ?? hostKeyFailure(log, attempt, cause) ??
    authenticationFailure(log, attempt, cause) ??
    handshakeFailure(log, label, cause) ??
    new ConnectError(label, networkWords(spoken(log), code), cause);
}

function configFailure(log: string, cause: Error): SluiceError | undefined {
  const line =
    /^(?:.*: line \d+: .*|.*line \d+: Bad .*|Can't open user config file .*|Bad owner .*)$/m
      .exec(log.replace(/^debug.*$/mg, ""))?.[0];
  if (line === undefined) return undefined;
  return new SshConfigError(
    `OpenSSH cannot use the ssh_config: ${line.replace(/\.$/, "")}.`,
    "Correct the ssh_config or `sshConfig` of the cluster; `ssh -G host` shows how OpenSSH reads it.",
    cause,
  );
}

function hostKeyFailure(log: string, attempt: Attempt, cause: Error): SluiceError | undefined {
  const [, type, fingerprint] = /^debug1: Server host key: (\S+) (\S+)$/m.exec(log) ?? [];
  const facts = (name: string, spokenType: string) => ({
    name,
    type: type ?? spokenType,
    fingerprint: fingerprint ?? "a fingerprint that ssh did not tell",
  });
  const revoked = /^The (\S+) host key for (\S+) is marked as revoked\.$/m.exec(log);
  if (revoked !== null) {
    return new HostKeyRevokedError(facts(revoked[2] ?? "", revoked[1] ?? ""), attempt.knownHosts);
  }
  const changed =
    /^(?:Host key for|(\S+) host key for) (\S+) has changed and you have requested strict checking\.$/m
      .exec(log);
  if (changed !== null) {
    const lines = [...log.matchAll(/^Offending (?:.* )?key in (.+:\d+)$/mg)]
      .map(([, line = ""]) => line);
    const file = lines[0]?.replace(/:\d+$/, "") ?? attempt.knownHosts;
    return new HostKeyChangedError(facts(changed[2] ?? "", changed[1] ?? ""), file, lines);
  }
  const unknown = /^No (\S+) host key is known for (\S+) and you have requested strict checking\.$/m
    .exec(log);
  if (unknown !== null) {
    const [, host = unknown[2] ?? "", port] = /^\[(.+)\]:(\d+)$/.exec(unknown[2] ?? "") ?? [];
    return new HostKeyUnknownError(facts(unknown[2] ?? "", unknown[1] ?? ""), {
      files: [attempt.knownHosts],
      keyscan: port === undefined ? [host] : ["-p", port, host],
      authorityOnly: false,
    });
  }
  if (!/^Host key verification failed\.$/m.test(log)) return undefined;
  return new HandshakeError(attempt.label, networkWords(spoken(log), attempt.code), cause);
}

function authenticationFailure(
  log: string,
  { label, keyFile, agent, isHop = false }: Attempt,
  cause: Error,
): SluiceError | undefined {
  const denied = /^.*: Permission denied \((.*)\)\.$/m.exec(log);
  // After the key exchange the host only ends the talk because of the login: too many failures, mostly.
  const thrownOut = /^debug1: SSH2_MSG_NEWKEYS received$/m.test(log) &&
    /^(?:Received disconnect from|Disconnected from authenticating) /m.test(log);
  if (denied === null && !thrownOut) return undefined;
  const agentProblem = /^debug1: .*ssh_get_authentication_socket: (.*)$/m.exec(log)?.[1];
  if (agent && agentProblem !== undefined) {
    return new AgentError(agentProblem, cause);
  }
  const loading = [...log.matchAll(/^Load key "(.+)": (.*)$/mg)];
  if (keyFile !== undefined) {
    const detail = loading.find(([, path]) => path === keyFile)?.[2];
    if (detail !== undefined && !/passphrase/.test(detail)) {
      return new KeyFileError(keyFile, detail, cause);
    }
    // The host would take it, and still it was not used.
    if (log.includes(`\ndebug1: Server accepts key: ${keyFile} `)) {
      return new PassphraseError(keyFile, false, cause);
    }
  }
  const offers = [...log.matchAll(/^debug1: Offering public key: (.+?) \S+ SHA256:(.*)$/mg)];
  const methods = [...log.matchAll(/^debug1: Next authentication method: (.*)$/mg)]
    .map(([, method = ""]) => method).filter((method) => method !== "publickey");
  const offered = denied?.[1] ??
    [...log.matchAll(/^debug1: Authentications that can continue: (.*)$/mg)].at(-1)?.[1] ?? "";
  return new AuthenticationError(label, {
    tried: isHop
      ? ["all that ssh has for it"]
      : [...offers.map(([, path]) => `key ${path}`), ...methods],
    skipped: loading.map(([, path, detail]) => `key ${path} (${detail})`),
    offered: offered.split(",").filter((method) => method !== ""),
    partial: /^(?:debug1: )?Authenticated using ".*" with partial success\.$/m.test(log),
    cause,
  });
}

function handshakeFailure(log: string, label: string, cause: Error): SluiceError | undefined {
  const said = spoken(log).find((line) =>
    /^Unable to negotiate with |^Protocol major versions differ|banner line contains invalid|Bad remote protocol version/
      .test(line)
  );
  if (said === undefined) return undefined;
  return new HandshakeError(label, said.replace(/\.$/, ""), cause);
}

function networkWords(said: readonly string[], code: number): string {
  const all = said.join("\n");
  if (/: Connection refused$/m.test(all)) return "the connection was refused";
  if (/^ssh: Could not resolve hostname /m.test(all)) return "the name cannot be resolved";
  if (/: (?:Network is unreachable|No route to host)$/m.test(all)) return "there is no route to it";
  if (/timed out/.test(all)) return "it did not answer";
  if (/: Connection closed by remote host$/m.test(all)) return "it closed the connection";
  return said.at(-1)?.replace(/\.$/, "") ?? `ssh ended with status ${code}`;
}

/** The jump hosts that the ssh_config asked for. */
function impliedJump(log: string): string {
  return /^debug1: Setting implicit ProxyCommand from ProxyJump: .* (\S+)$/m.exec(log)?.[1] ??
    "of the ssh_config";
}

/** What is meant for people. */
function spoken(log: string): readonly string[] {
  return log.split("\n").filter((line) =>
    line.trim() !== "" && !/^(?:debug\d: |@|Authenticated to )/.test(line)
  );
}
