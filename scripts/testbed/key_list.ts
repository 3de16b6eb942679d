/**
 * The SSH keys of the test cluster: one of each kind that users have. Pure.
 *
 * @module
 */

import type { TestbedLayout } from "./layout.ts";

/** Opens the encrypted keys. They guard nothing beyond the test cluster. */
export const PASSPHRASE = "a passphrase for tests";

/** Names of the keys; each is also the name of its file. */
export type KeyName =
  | "ed25519"
  | "ed25519Encrypted"
  | "rsa"
  | "rsaPem"
  | "rsaPemEncrypted"
  | "ecdsa"
  | "ecdsaPem"
  | "unauthorized"
  | "hostEd25519"
  | "hostRsa"
  | "hostEcdsa"
  | "nodeHostEd25519";

/** One key pair. */
export interface TestbedKey {
  readonly name: KeyName;
  /** As `ssh-keygen -t` takes it. */
  readonly type: "ed25519" | "rsa" | "ecdsa";
  /** Whether the private key is in PEM rather than OpenSSH's own format. */
  readonly pem: boolean;
  /** Whether the private key is encrypted with {@linkcode PASSPHRASE}. */
  readonly encrypted: boolean;
  /** Whether the accounts accept it. */
  readonly authorized: boolean;
  /** Whose host key it is, if it is one. */
  readonly host: "controller" | "node" | undefined;
}

function userKey(
  name: KeyName,
  type: TestbedKey["type"],
  traits: Partial<Pick<TestbedKey, "pem" | "encrypted" | "authorized">> = {},
): TestbedKey {
  return { name, type, pem: false, encrypted: false, authorized: true, host: undefined, ...traits };
}

function hostKey(name: KeyName, type: TestbedKey["type"], host: "controller" | "node"): TestbedKey {
  return { name, type, pem: false, encrypted: false, authorized: false, host };
}

/** All keys of the test cluster. */
export const KEYS: readonly TestbedKey[] = [
  userKey("ed25519", "ed25519"),
  userKey("ed25519Encrypted", "ed25519", { encrypted: true }),
  userKey("rsa", "rsa"),
  userKey("rsaPem", "rsa", { pem: true }),
  userKey("rsaPemEncrypted", "rsa", { pem: true, encrypted: true }),
  userKey("ecdsa", "ecdsa"),
  userKey("ecdsaPem", "ecdsa", { pem: true }),
  userKey("unauthorized", "ed25519", { authorized: false }),
  hostKey("hostEd25519", "ed25519", "controller"),
  hostKey("hostRsa", "rsa", "controller"),
  hostKey("hostEcdsa", "ecdsa", "controller"),
  hostKey("nodeHostEd25519", "ed25519", "node"),
];

/** Path of a private key of the test cluster. */
export function keyPath(layout: TestbedLayout, name: KeyName): string {
  return `${layout.keys}/${name}`;
}
