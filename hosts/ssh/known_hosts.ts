/**
 * Reading known_hosts and judging a host's key by it: pure.
 *
 * Source: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.
 *
 * @module
 */

import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { Buffer } from "node:buffer";
import { fitsList } from "./pattern.ts";

/** One line of a known_hosts file. */
export interface KnownHost {
  /** The file it stands in. */
  readonly file: string;
  /** Number of the line, from 1. */
  readonly line: number;
  /** Marker at its beginning. */
  readonly marker: "none" | "revoked" | "cert-authority";
  /** Whether the line is about a name, `host` or `[host]:port` in lower case. */
  readonly names: (name: string) => boolean;
  /** Type of the key, such as `ssh-ed25519`. */
  readonly type: string;
  /** The key itself, as it goes over the wire. */
  readonly key: Uint8Array;
}

/** Reads a known_hosts file. Lines that make no sense are left out, as OpenSSH does. */
export function parseKnownHosts(text: string, file: string): readonly KnownHost[] {
  return text.split("\n").flatMap((line, index) => {
    const host = parseLine(line, file, index + 1);
    return host === undefined ? [] : [host];
  });
}

function parseLine(text: string, file: string, line: number): KnownHost | undefined {
  const words = text.trim().split(/\s+/);
  if (words[0] === "" || words[0]?.startsWith("#") === true) return undefined;
  let marker: KnownHost["marker"] = "none";
  if (words[0]?.startsWith("@") === true) {
    const word = words.shift();
    if (word === "@revoked") marker = "revoked";
    else if (word === "@cert-authority") marker = "cert-authority";
    else return undefined;
  }
  const [hosts, type, encoded] = words;
  if (hosts === undefined || type === undefined || encoded === undefined) return undefined;
  const names = hosts.startsWith("|") ? hashedName(hosts) : nameList(hosts);
  const key = Buffer.from(encoded, "base64");
  if (names === undefined || keyType(key) !== type) return undefined;
  return { file, line, marker, names, type, key };
}

function nameList(hosts: string): KnownHost["names"] {
  const patterns = hosts.toLowerCase().split(",");
  return (name) => fitsList(patterns, name);
}

/** `|1|salt|hash`, where the hash is HMAC-SHA1 of the name under the salt. */
function hashedName(hosts: string): KnownHost["names"] | undefined {
  const [, version, salt, hash, rest] = hosts.split("|");
  if (version !== "1" || salt === undefined || hash === undefined || rest !== undefined) {
    return undefined;
  }
  const expected = Buffer.from(hash, "base64");
  return (name) => {
    const actual = createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest();
    return actual.length === expected.length && timingSafeEqual(actual, expected);
  };
}

/** The type that a key's wire form begins with, or `undefined` where it is none. Source: RFC 4253, 6.6. */
export function keyType(key: Uint8Array): string | undefined {
  if (key.length < 4) return undefined;
  const length = new DataView(key.buffer, key.byteOffset).getUint32(0);
  if (length === 0 || length > key.length - 4) return undefined;
  return new TextDecoder("latin1").decode(key.subarray(4, 4 + length));
}

/** A key's fingerprint as OpenSSH prints it. */
export function fingerprint(key: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** A host's name as known_hosts has it. */
export function knownHostName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** What known_hosts says of a host's key. */
export type HostKeyVerdict =
  | { readonly kind: "trusted" }
  | { readonly kind: "revoked"; readonly by: KnownHost }
  /** The host is known by other keys only. */
  | { readonly kind: "changed"; readonly known: readonly KnownHost[] }
  /** Nothing is known, `authorityOnly` where a `@cert-authority` line covers the host. */
  | { readonly kind: "unknown"; readonly authorityOnly: boolean };

/**
 * Judges the key that a host offers.
 *
 * A host on another port than 22 is looked up as `[host]:port` first; a line for the bare name vouches
 * for the same key but does not speak against another, as in OpenSSH. Unlike OpenSSH, a key of a type
 * that is not known counts as changed when the host is known by keys of other types: we ask for the
 * known types first, so that an honest host offers one of those.
 */
export function judgeHostKey(
  entries: readonly KnownHost[],
  host: string,
  port: number,
  key: Uint8Array,
): HostKeyVerdict {
  const name = knownHostName(host, port);
  const bare = knownHostName(host, 22);
  const same = (entry: KnownHost) => Buffer.from(entry.key).equals(key);
  const about = entries.filter((entry) => entry.names(name));
  const aboutBare = name === bare ? about : entries.filter((entry) => entry.names(bare));
  const revoking = [...about, ...aboutBare].find((entry) =>
    entry.marker === "revoked" && same(entry)
  );
  if (revoking !== undefined) return { kind: "revoked", by: revoking };
  const plain = (entry: KnownHost) => entry.marker === "none";
  if ([...about, ...aboutBare].some((entry) => plain(entry) && same(entry))) {
    return { kind: "trusted" };
  }
  const known = about.filter(plain);
  if (known.length > 0) return { kind: "changed", known };
  return {
    kind: "unknown",
    authorityOnly: about.some((entry) => entry.marker === "cert-authority"),
  };
}

/** The types of key by which a host is known. */
export function knownKeyTypes(
  entries: readonly KnownHost[],
  host: string,
  port: number,
): readonly string[] {
  const plain = entries.filter((entry) => entry.marker === "none");
  const exact = plain.filter((entry) => entry.names(knownHostName(host, port)));
  const found = exact.length > 0
    ? exact
    : plain.filter((entry) => entry.names(knownHostName(host, 22)));
  return [...new Set(found.map((entry) => entry.type))];
}

/** The line by which a host is known from now on. */
export function knownHostLine(host: string, port: number, key: Uint8Array): string {
  return `${knownHostName(host, port)} ${keyType(key)} ${Buffer.from(key).toString("base64")}\n`;
}
