import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readPrivateKey } from "./private_key.ts";
import { KeyFormatError, PassphraseError } from "./ssh_errors.ts";

// Throwaway keys, accepted nowhere.
const read = (name: string) => Deno.readTextFile(new URL(`testdata/${name}`, import.meta.url));

function signs(text: string, passphrase?: string): string {
  const key = readPrivateKey(text, "The key", passphrase);
  const data = Buffer.from("data");
  assert.ok(key.verify(data, key.sign(data)));
  return key.type;
}

Deno.test("usual keys are read and sign", async () => {
  assert.equal(signs(await read("ed25519")), "ssh-ed25519");
  assert.equal(signs(await read("ed25519-encrypted"), "passphrase"), "ssh-ed25519");
  assert.equal(signs(await read("rsa")), "ssh-rsa");
  assert.equal(signs(await read("ecdsa-pem")), "ecdsa-sha2-nistp256");
});

Deno.test("OpenSSH-format ECDSA keys sign whatever the length of their scalar", async () => {
  for (const name of ["ecdsa256-exact", "ecdsa256-long", "ecdsa256-short"]) {
    assert.equal(signs(await read(name)), "ecdsa-sha2-nistp256", name);
  }
  assert.equal(signs(await read("ecdsa384-long")), "ecdsa-sha2-nistp384");
  assert.equal(signs(await read("ecdsa521-short")), "ecdsa-sha2-nistp521");
});

Deno.test("keys are read as settings and secrets carry them", async () => {
  const text = await read("ed25519");
  for (
    const form of [
      text.replaceAll("\n", "\r\n"),
      text.trim(),
      `\n\n  ${text}\n\n`,
      text.trim().replaceAll("\n", "\\n"),
    ]
  ) assert.equal(signs(form), "ssh-ed25519");
});

Deno.test("a passphrase that is missing is told apart from a wrong one", async () => {
  const text = await read("ed25519-encrypted");
  const code = (passphrase?: string) => {
    try {
      readPrivateKey(text, "The key", passphrase);
    } catch (error) {
      if (error instanceof PassphraseError) return error.code;
    }
  };
  assert.equal(code(), "PASSPHRASE_MISSING");
  assert.equal(code("wrong"), "PASSPHRASE_WRONG");
  assert.equal(code("passphrase"), undefined);
});

Deno.test("keys in other forms are refused with the command that mends them", async () => {
  const path = "/home/ada/it's a key";
  const refused = (text: string, words: RegExp, next: string) =>
    assert.throws(() => readPrivateKey(text, "The key", "passphrase", path), (error) => {
      assert.ok(error instanceof KeyFormatError, String(error));
      assert.match(error.message, words);
      assert.ok(error.next.includes(next), error.next);
      assert.equal(error.retryable, false);
      return true;
    });
  const rewrite = `ssh-keygen -p -f '/home/ada/it'\\''s a key'`;
  refused(await read("rsa-pem-encrypted"), /encrypted PEM/, rewrite);
  refused(await read("ecdsa521-pem"), /cannot be read/, rewrite);
  refused(await read("rsa-pkcs8"), /PKCS#8/, rewrite);
  refused(await read("ed25519.pub"), /public half/, "without '.pub'");
  refused("PuTTY-User-Key-File-3: ssh-ed25519\n", /PuTTY/, "puttygen");
  refused("hello", /does not look like/, "-----BEGIN");
  refused("", /does not look like/, "-----BEGIN");
  refused("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", /cannot be read/, rewrite);
});
