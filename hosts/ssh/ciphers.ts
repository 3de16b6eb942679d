/**
 * Which ciphers a connection may use, and letting go of them.
 *
 * @module
 */

// @ts-types="@types/ssh2"
import type { CipherAlgorithm, Client } from "ssh2";

/**
 * Ciphers, those first that Deno is fast at and leaves nothing behind. A file of 200 MB came at 200 to 240
 * MB/s with AES-CTR, 160 with AES-GCM. With chacha20-poly1305 it came at 290 to 340, but ssh2 leaves three
 * of Deno's ciphers behind for each packet, so that comes last, for hosts that have nothing else.
 */
export const CIPHERS: readonly CipherAlgorithm[] = [
  "aes128-ctr",
  "aes256-ctr",
  "aes192-ctr",
  "aes128-gcm@openssh.com",
  "aes256-gcm@openssh.com",
  "chacha20-poly1305@openssh.com",
];

/**
 * Lets go of a client's ciphers when their time is over. Deno keeps one until it is told that nothing more
 * comes, which ssh2 never tells those of AES-CTR.
 */
export function releaseCiphers(client: Client): void {
  let held: readonly Finishable[] = [];
  const replaceBy = (ciphers: readonly Finishable[]) => {
    const old = held;
    held = ciphers;
    for (const cipher of old) cipher.final();
  };
  client.on("handshake", () => replaceBy(ciphersOf(client)));
  client.on("close", () => replaceBy([]));
}

interface Finishable {
  final(): unknown;
}

/** The long-lived ciphers within a client, which it does not show; none where they are not found. */
function ciphersOf(client: Client): Finishable[] {
  return [["_cipher", "_cipherInstance"], ["_decipher", "_decipherInstance"]].flatMap((way) => {
    const found = ["_protocol", ...way].reduce<unknown>(
      (holder, name) =>
        typeof holder === "object" && holder !== null ? Reflect.get(holder, name) : undefined,
      client,
    );
    return isFinishable(found) ? [found] : [];
  });
}

function isFinishable(value: unknown): value is Finishable {
  return typeof value === "object" && value !== null && "final" in value &&
    typeof value.final === "function";
}
