/**
 * Reading private keys, with a clear word for those that do not work here.
 *
 * @module
 */

import { Buffer } from "node:buffer";
// @ts-types="@types/ssh2"
import { type ParsedKey, utils } from "ssh2";
import { quote } from "../../shell/mod.ts";
import { KeyFormatError, PassphraseError } from "./ssh_errors.ts";

/**
 * Reads a private key and proves that it can sign.
 *
 * Deno's crypto lacks some of what ssh2 relies on in Node (encrypted PEM, some ECDSA encodings). So each
 * key signs once here, and one that cannot is refused with the command that mends it, rather than
 * skipped in silence at the login.
 *
 * @param text The key, in OpenSSH or PEM form.
 * @param name What it is called in errors, such as `The key /home/ada/.ssh/id_rsa`.
 * @param path Where it lies, for the command that mends it. Default: none, for keys given as text.
 * @throws {PassphraseError} It is encrypted, and the passphrase is missing or wrong.
 * @throws {KeyFormatError} It is not a private key that works here.
 */
export function readPrivateKey(
  text: string,
  name: string,
  passphrase?: string,
  path?: string,
): ParsedKey {
  const pem = normalize(text);
  const problem = knownProblem(pem, name, path);
  if (problem !== undefined) throw problem;
  const key = parse(pem, passphrase);
  if (key instanceof Error) {
    // ssh2's words for a key that is encrypted, and for one that does not open.
    if (/no passphrase given/.test(key.message)) throw new PassphraseError(name, false, key);
    if (/bad passphrase/.test(key.message)) throw new PassphraseError(name, true, key);
    throw new KeyFormatError(name, `it cannot be read (${key.message})`, rewrite(path), key);
  }
  if (!key.isPrivateKey()) throw publicKey(name);
  const failure = signingFailure(key);
  if (failure === undefined) return key;
  const repaired = repairEcdsa(key);
  if (repaired !== undefined && signingFailure(repaired) === undefined) return repaired;
  throw new KeyFormatError(
    name,
    `its ${key.type} form does not work under Deno (${failure.message})`,
    path === undefined
      ? "Use an ed25519 key: ssh-keygen -t ed25519"
      : `Use an ed25519 key: ssh-keygen -t ed25519 -f ${quote(`${path}_ed25519`)}`,
    failure,
  );
}

/** Keys pasted into settings and secrets come with carriage returns, literal `\n` and no last newline. */
function normalize(text: string): string {
  const lines = text.includes("\n") ? text : text.replaceAll("\\n", "\n");
  return `${lines.replaceAll("\r", "").trim()}\n`;
}

function knownProblem(pem: string, name: string, path?: string): KeyFormatError | undefined {
  if (/^(ssh-|ecdsa-|sk-)\S+ AAAA/.test(pem)) return publicKey(name);
  if (pem.startsWith("PuTTY-User-Key-File-")) {
    return new KeyFormatError(
      name,
      "it is in PuTTY's form",
      `Convert it: puttygen ${key(path)} -O private-openssh-new -o id_converted`,
    );
  }
  if (/-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/.test(pem)) {
    return new KeyFormatError(name, "it is in PKCS#8 form", rewrite(path));
  }
  if (/^Proc-Type: 4,ENCRYPTED/m.test(pem)) {
    return new KeyFormatError(
      name,
      "it is in the old encrypted PEM form, which does not work under Deno",
      rewrite(path),
    );
  }
  if (!pem.startsWith("-----BEGIN ")) {
    return new KeyFormatError(
      name,
      "it does not look like a private key",
      "Give the file that begins with '-----BEGIN OPENSSH PRIVATE KEY-----'.",
    );
  }
  return undefined;
}

function publicKey(name: string): KeyFormatError {
  return new KeyFormatError(
    name,
    "it is the public half of a key",
    "Give the private half: the file of the same name without '.pub'.",
  );
}

function key(path: string | undefined): string {
  return path === undefined ? "KEYFILE" : quote(path);
}

function rewrite(path: string | undefined): string {
  return `Rewrite it in OpenSSH's form, after making a copy: ssh-keygen -p -f ${key(path)}`;
}

/** ssh2 throws for some keys and gives an error for others. */
function parse(pem: string, passphrase?: string): ParsedKey | Error {
  try {
    const parsed: ParsedKey | Error | readonly ParsedKey[] = utils.parseKey(pem, passphrase);
    if (!Array.isArray(parsed)) return parsed;
    return parsed[0] ?? new Error("it holds no key");
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function signingFailure(key: ParsedKey): Error | undefined {
  try {
    const signature: Buffer | Error = key.sign(Buffer.from("probe"));
    return signature instanceof Error ? signature : undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

const SCALAR_BYTES: ReadonlyMap<string, number> = new Map([
  ["ecdsa-sha2-nistp256", 32],
  ["ecdsa-sha2-nistp384", 48],
  ["ecdsa-sha2-nistp521", 66],
]);

/**
 * ssh2 copies the scalar of an OpenSSH-format ECDSA key into SEC 1 as it finds it: with a leading zero or
 * without its own leading zeros, so in the wrong length. Node takes that, Deno does not. Here it gets
 * the length of the curve.
 *
 * Source: SEC 1, C.4 (`ECPrivateKey`): SEQUENCE { INTEGER 1, OCTET STRING scalar, … }.
 */
function repairEcdsa(key: ParsedKey): ParsedKey | undefined {
  const size = SCALAR_BYTES.get(key.type);
  if (size === undefined) return undefined;
  const base64 = key.getPrivatePEM().replace(/-----[^-]+-----|\s/g, "");
  const der = Buffer.from(base64, "base64");
  // Skips the SEQUENCE's tag and length (of one, two or three bytes), then INTEGER 1.
  const lengthByte = der[1] ?? 0;
  const start = 2 + (lengthByte > 0x80 ? lengthByte - 0x80 : 0);
  const scalarAt = start + 5;
  if (der[start + 3] !== 0x04) return undefined;
  const scalarLength = der[start + 4] ?? 0;
  const scalar = der.subarray(scalarAt, scalarAt + scalarLength);
  const trimmed = scalar.subarray(Math.max(0, scalar.length - size));
  const body = Buffer.concat([
    der.subarray(start, start + 3),
    Buffer.from([0x04, size]),
    Buffer.alloc(size - trimmed.length),
    trimmed,
    der.subarray(scalarAt + scalarLength),
  ]);
  const length = body.length < 0x80 ? [body.length] : [0x81, body.length];
  const whole = Buffer.concat([Buffer.from([0x30, ...length]), body]).toString("base64");
  const repaired = parse(
    `-----BEGIN EC PRIVATE KEY-----\n${
      whole.replace(/.{64}/g, "$&\n")
    }\n-----END EC PRIVATE KEY-----\n`,
  );
  return repaired instanceof Error ? undefined : repaired;
}
