/**
 * What can go wrong before an SSH connection stands.
 *
 * @module
 */

import { SluiceError } from "../../model/mod.ts";
import { commandLine } from "../../shell/mod.ts";

/** Raised when a host cannot be reached: refused, not resolvable, not answering in time. */
export class ConnectError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "ConnectError";

  /** Names the address and what the network said. */
  constructor(address: string, detail: string, cause?: unknown) {
    super({
      code: "CONNECT_FAILED",
      message: `Cannot connect to ${address}: ${detail}.`,
      next: "Check the host name, the port and the network, and that sshd runs there.",
      retryable: true,
      cause,
    });
  }
}

/** Raised when the two sides cannot agree on how to speak SSH. */
export class HandshakeError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "HandshakeError";

  /** Names the address and what was not agreed upon. */
  constructor(address: string, detail: string, cause?: unknown) {
    super({
      code: "SSH_HANDSHAKE_FAILED",
      message: `The SSH handshake with ${address} failed: ${detail}.`,
      next:
        "Check that an SSH server of at least OpenSSH 7.2 answers there, and that it offers common algorithms.",
      cause,
    });
  }
}

/** Raised when the host accepts none of our credentials. It is never retried: retries lock accounts. */
export class AuthenticationError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "AuthenticationError";
  /** The ways that were tried, such as `key /home/ada/.ssh/id_ed25519`. */
  readonly tried: readonly string[];
  /** The methods that the host offers, such as `publickey`; empty where it did not say. */
  readonly offered: readonly string[];

  /** Names who and where, what was tried, what was left out and why, and what the host offers. */
  constructor(
    label: string,
    parts: {
      readonly tried: readonly string[];
      readonly skipped: readonly string[];
      readonly offered: readonly string[];
      readonly partial?: boolean;
      readonly cause?: unknown;
    },
  ) {
    const { tried, skipped, offered, partial = false, cause } = parts;
    const sentences = [
      partial
        ? `${label} accepted a credential but asks for one more step.`
        : tried.length === 0
        ? `There is nothing to log in to ${label} with.`
        : `${label} refused every way to log in. Tried: ${tried.join("; ")}.`,
      ...(skipped.length === 0 ? [] : [`Left out: ${skipped.join("; ")}.`]),
      ...(offered.length === 0 ? [] : [`The host offers: ${offered.join(", ")}.`]),
    ];
    super({
      code: "AUTHENTICATION_FAILED",
      message: sentences.join(" "),
      next: partial
        ? "Set `transport: openssh` of the cluster where no step asks a person; else use an account that one key or password opens."
        : tried.length === 0
        ? "Set `auth` of the cluster to a key file, the agent or a password, or start an SSH agent."
        : "Check the user name and the credential, and that the public key stands in the account's authorized_keys on the host.",
      cause,
    });
    this.tried = tried;
    this.offered = offered;
  }
}

/** What the errors about host keys have in common. */
interface HostKeyFacts {
  /** Name as it stands in known_hosts, `[host]:port` for another port than 22. */
  readonly name: string;
  /** Type of the offered key. */
  readonly type: string;
  /** Fingerprint of the offered key, `SHA256:…` as OpenSSH prints it. */
  readonly fingerprint: string;
}

/** Raised when a host's key is not in known_hosts. */
export class HostKeyUnknownError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "HostKeyUnknownError";
  /** Fingerprint of the offered key. */
  readonly fingerprint: string;

  /** Names the key, the files that were read, and whether only a certificate authority would vouch for it. */
  constructor(
    facts: HostKeyFacts,
    parts: {
      readonly files: readonly string[];
      readonly keyscan: readonly string[];
      readonly authorityOnly: boolean;
    },
  ) {
    const [file = "~/.ssh/known_hosts"] = parts.files;
    const authority = parts.authorityOnly
      ? " A @cert-authority line covers the host, but host certificates are not supported, so a line with the key itself is needed."
      : "";
    super({
      code: "HOST_KEY_UNKNOWN",
      message:
        `The ${facts.type} key of ${facts.name} is not known: ${facts.fingerprint} is in none of ${
          parts.files.join(", ")
        }.${authority}`,
      next: `Compare the fingerprint with what the site publishes, then run: ${
        commandLine(["ssh-keyscan", ...parts.keyscan])
      } >> ${commandLine([file])}`,
    });
    this.fingerprint = facts.fingerprint;
  }
}

/** Raised when a host offers another key than the one in known_hosts. */
export class HostKeyChangedError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "HostKeyChangedError";
  /** Fingerprint of the offered key. */
  readonly fingerprint: string;
  /** The lines that disagree, as `file:line`. */
  readonly lines: readonly string[];

  /** Names the key and the lines that disagree. */
  constructor(facts: HostKeyFacts, file: string, lines: readonly string[]) {
    super({
      code: "HOST_KEY_CHANGED",
      message:
        `The key of ${facts.name} is not the one that is known. It offers the ${facts.type} key ${facts.fingerprint}, but ${
          lines.join(", ")
        } says otherwise. Somebody may be listening, or the host was set up anew.`,
      next: `Ask the site whether the key changed. Only if it did, run: ${
        commandLine(["ssh-keygen", "-R", facts.name, "-f", file])
      } and add the new key.`,
    });
    this.fingerprint = facts.fingerprint;
    this.lines = lines;
  }
}

/** Raised when a host offers a key that known_hosts marks as revoked. */
export class HostKeyRevokedError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "HostKeyRevokedError";
  /** Fingerprint of the offered key. */
  readonly fingerprint: string;

  /** Names the key and the line that revokes it. */
  constructor(facts: HostKeyFacts, line: string) {
    super({
      code: "HOST_KEY_REVOKED",
      message:
        `The ${facts.type} key of ${facts.name}, ${facts.fingerprint}, is marked as revoked in ${line}.`,
      next: "Do not connect: the key was withdrawn. Ask the site for the host's present key.",
    });
    this.fingerprint = facts.fingerprint;
  }
}

/** Raised when a known_hosts file cannot be read, or a learned key cannot be added to it. */
export class KnownHostsError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "KnownHostsError";

  /** Names the file and what went wrong. */
  constructor(file: string, detail: string, cause?: unknown) {
    super({
      code: "KNOWN_HOSTS_FAILED",
      message: `${file} cannot be used: ${detail}.`,
      next: "Check the file and its permissions, and that Sluice may read and write it.",
      cause,
    });
  }
}

/** Raised when a private key file is missing or cannot be read. */
export class KeyFileError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "KeyFileError";

  /** Names the file and what went wrong. */
  constructor(path: string, detail: string, cause?: unknown) {
    super({
      code: "KEY_FILE_FAILED",
      message: `The private key ${path} cannot be read: ${detail}.`,
      next: "Check auth.keyFile, the owner and the mode of the file, and that Sluice may read it.",
      cause,
    });
  }
}

/** Raised when a private key is not one that can be used, though it may be a good one. */
export class KeyFormatError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "KeyFormatError";

  /** Names the key, what is wrong with it, and the command that mends it. */
  constructor(key: string, detail: string, next: string, cause?: unknown) {
    super({
      code: "KEY_FORMAT",
      message: `${key} cannot be used: ${detail}.`,
      next,
      cause,
    });
  }
}

/** Raised when an encrypted key comes without its passphrase or with another. */
export class PassphraseError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "PassphraseError";

  /** Names the key and whether a passphrase was given. */
  constructor(key: string, given: boolean, cause?: unknown) {
    super({
      code: given ? "PASSPHRASE_WRONG" : "PASSPHRASE_MISSING",
      message: given
        ? `The passphrase does not open ${key}.`
        : `${key} is encrypted and no passphrase was given.`,
      next: given
        ? "Correct auth.passphrase."
        : "Set auth.passphrase, or add the key to an SSH agent and use that.",
      cause,
    });
  }
}

/** Raised when the SSH agent that was asked for is not there. */
export class AgentError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "AgentError";

  /** Names what is missing. */
  constructor(detail: string, cause?: unknown) {
    super({
      code: "AGENT_UNAVAILABLE",
      message: `The SSH agent cannot be used: ${detail}.`,
      next: "Start an agent and add the key (`eval $(ssh-agent)`, `ssh-add`), or set auth.keyFile.",
      cause,
    });
  }
}

/** Raised when the ssh_config cannot be read or asks for what is not supported. */
export class SshConfigError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "SshConfigError";

  /** Names what is wrong and what to do instead. */
  constructor(detail: string, next: string, cause?: unknown) {
    super({ code: "SSH_CONFIG", message: detail, next, cause });
  }
}

/** Raised when the way through jump hosts fails; `cause` tells why. */
export class ProxyJumpError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "ProxyJumpError";
  /** The hop that failed, as `user@host:port`. */
  readonly hop: string;

  /** Names the hop and where it was to lead. */
  constructor(hop: string, target: string, cause: SluiceError) {
    super({
      code: "PROXY_JUMP_FAILED",
      message: `The jump host ${hop} on the way to ${target} failed: ${cause.message}`,
      next: cause.next,
      retryable: cause.retryable,
      cause,
    });
    this.hop = hop;
  }
}
