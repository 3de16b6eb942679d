/**
 * Deciding whether a host's key is trusted.
 *
 * @module
 */

// @ts-types="@types/ssh2"
import type { ServerHostKeyAlgorithm } from "ssh2";
import { asSluiceError, type HostKeys, type SluiceError } from "../../model/mod.ts";
import type { SshEnvironment } from "./environment.ts";
import {
  fingerprint,
  judgeHostKey,
  keyType,
  type KnownHost,
  knownHostLine,
  knownHostName,
  knownKeyTypes,
  parseKnownHosts,
} from "./known_hosts.ts";
import {
  HostKeyChangedError,
  HostKeyRevokedError,
  HostKeyUnknownError,
  KnownHostsError,
} from "./ssh_errors.ts";

/** Which hosts are judged, and by what. */
export interface HostKeyTrust {
  /** What is done about keys that are not known. */
  readonly policy: HostKeys["policy"];
  /** The known_hosts files, in the order they are read; new keys go to the first. */
  readonly files: readonly string[];
  /** Name or address as the user knows the host. */
  readonly host: string;
  /** Port. */
  readonly port: number;
}

// What ssh2 can verify, best first. SHA-1 signatures (`ssh-rsa`, `ssh-dss`) are left out.
const ALGORITHMS: readonly (readonly [type: string, algorithms: ServerHostKeyAlgorithm[]])[] = [
  ["ssh-ed25519", ["ssh-ed25519"]],
  ["ecdsa-sha2-nistp256", ["ecdsa-sha2-nistp256"]],
  ["ecdsa-sha2-nistp384", ["ecdsa-sha2-nistp384"]],
  ["ecdsa-sha2-nistp521", ["ecdsa-sha2-nistp521"]],
  ["ssh-rsa", ["rsa-sha2-512", "rsa-sha2-256"]],
];

/** Judges host keys by known_hosts files. */
export class HostKeyVerifier {
  readonly #trust: HostKeyTrust;
  readonly #environment: SshEnvironment;
  readonly #entries: readonly KnownHost[];

  private constructor(
    trust: HostKeyTrust,
    environment: SshEnvironment,
    entries: readonly KnownHost[],
  ) {
    this.#trust = trust;
    this.#environment = environment;
    this.#entries = entries;
  }

  /**
   * Reads the files; one that is missing is empty.
   *
   * @throws {KnownHostsError} A file is there but cannot be read.
   */
  static async read(trust: HostKeyTrust, environment: SshEnvironment): Promise<HostKeyVerifier> {
    const entries: KnownHost[] = [];
    if (trust.policy !== "insecure") {
      for (const file of trust.files) {
        try {
          const text = new TextDecoder().decode(await environment.readFile(file));
          entries.push(...parseKnownHosts(text, file));
        } catch (error) {
          if (error instanceof Deno.errors.NotFound) continue;
          throw new KnownHostsError(file, String(error), error);
        }
      }
    }
    return new HostKeyVerifier(trust, environment, entries);
  }

  /** Host key algorithms in the order to ask for them: those of known keys first. */
  get algorithms(): ServerHostKeyAlgorithm[] {
    const { host, port } = this.#trust;
    const known = new Set(knownKeyTypes(this.#entries, host, port));
    const order = [
      ...ALGORITHMS.filter(([type]) => known.has(type)),
      ...ALGORITHMS.filter(([type]) => !known.has(type)),
    ];
    return order.flatMap(([, algorithms]) => algorithms);
  }

  /**
   * Gives `undefined` for a trusted key, else the reason why it is not. A key learned under
   * `accept-new` is written to the first file before it counts as trusted.
   */
  async verify(key: Uint8Array): Promise<SluiceError | undefined> {
    const { policy, files, host, port } = this.#trust;
    if (policy === "insecure") return undefined;
    const name = knownHostName(host, port);
    const facts = { name, type: keyType(key) ?? "unknown", fingerprint: fingerprint(key) };
    const verdict = judgeHostKey(this.#entries, host, port, key);
    switch (verdict.kind) {
      case "trusted":
        return undefined;
      case "revoked":
        return new HostKeyRevokedError(facts, place(verdict.by));
      case "changed": {
        const [first] = verdict.known;
        return new HostKeyChangedError(
          facts,
          first?.file ?? "~/.ssh/known_hosts",
          verdict.known.map(place),
        );
      }
      case "unknown":
        if (policy === "accept-new") return await this.#learn(key);
        return new HostKeyUnknownError(facts, {
          files,
          keyscan: port === 22 ? [host] : ["-p", String(port), host],
          authorityOnly: verdict.authorityOnly,
        });
    }
  }

  async #learn(key: Uint8Array): Promise<SluiceError | undefined> {
    const { files: [file], host, port } = this.#trust;
    if (file === undefined) {
      return new KnownHostsError("known_hosts", "no file is named to keep new keys in");
    }
    try {
      // A last line without its newline must not run into the new one.
      const before = await this.#environment.readFile(file).catch((error) => {
        if (error instanceof Deno.errors.NotFound) return new Uint8Array(0);
        throw error;
      });
      const separator = before.length > 0 && before.at(-1) !== 0x0a ? "\n" : "";
      await this.#environment.appendFile(file, separator + knownHostLine(host, port, key));
      return undefined;
    } catch (error) {
      return new KnownHostsError(file, asSluiceError(error).message, error);
    }
  }
}

function place(entry: KnownHost): string {
  return `${entry.file}:${entry.line}`;
}
