import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import {
  fingerprint,
  judgeHostKey,
  knownHostLine,
  knownKeyTypes,
  parseKnownHosts,
} from "./known_hosts.ts";

// Public halves of throwaway keys, and lines that ssh-keygen hashed.
const ONE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIZxvx1JtDONyMNYv/cg7pM5q8kpWe4tE2S4ZGGS5e+j";
const TWO = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEOQUtk40VSxXat0FztWJZmI4T9d5Y7o5k4/MN0Idj1j";
const RSA =
  "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDk3GzJFEtm/Lzh69ccZ5gWnj7wO/XOJ+GemYJaHshlucRWVrMvglW2fLl/6o8hv5XUJBddKtzLEmXU0AmNTmhJv8GxeFmOMzPf2QYxxQtw6r9c834ukGSfVo2bMHWdPSFHNJMYTv84CihokWeN5IyVwIODpMFZWxOBwgVmosDa4Q==";
const FINGERPRINT_OF_ONE = "SHA256:HyPmjtr9WLs8n8YV2HEM+IhSW0kRB6i3q0kv0yqD2H4";
const HASHED = "|1|cicqTwzOdfcQRv1C5dJg/uCCHiQ=|L4Rb57kvzm1Fxw6pbd7SwlC0NlU=";
const HASHED_PORT = "|1|Q4ODQ/U5WtnHZ7xiHwYpD+y3x80=|rBgpIEOUDR6SYqGbVIvqkExHpHE=";

const bytes = (key: string) => Buffer.from(key.split(" ")[1] ?? "", "base64");

function judge(text: string, key: string, host = "login.example.org", port = 22) {
  return judgeHostKey(parseKnownHosts(text, "known_hosts"), host, port, bytes(key));
}

Deno.test("a plain line vouches for its key and speaks against others", () => {
  const text =
    `# comment\n\nother.example.org ${TWO}\nlogin.example.org,10.0.0.1 ${ONE} a comment\n`;
  assert.equal(judge(text, ONE).kind, "trusted");
  assert.equal(judge(text, ONE, "LOGIN.Example.org").kind, "trusted");
  assert.equal(judge(text, ONE, "10.0.0.1").kind, "trusted");
  const verdict = judge(text, TWO);
  assert.ok(verdict.kind === "changed");
  assert.deepEqual(verdict.known.map(({ file, line }) => [file, line]), [["known_hosts", 4]]);
  assert.deepEqual(judge(text, ONE, "third.example.org"), {
    kind: "unknown",
    authorityOnly: false,
  });
});

Deno.test("lines that ssh-keygen hashed are found", () => {
  assert.equal(judge(`${HASHED} ${ONE}\n`, ONE).kind, "trusted");
  assert.equal(judge(`${HASHED} ${ONE}\n`, TWO).kind, "changed");
  assert.equal(judge(`${HASHED} ${ONE}\n`, ONE, "other.example.org").kind, "unknown");
  assert.equal(judge(`${HASHED_PORT} ${ONE}\n`, ONE, "login.example.org", 2222).kind, "trusted");
  assert.equal(judge(`${HASHED_PORT} ${ONE}\n`, ONE).kind, "unknown");
});

Deno.test("a port is part of the name; a bare line vouches but does not speak against", () => {
  const bare = `login.example.org ${ONE}\n`;
  assert.equal(judge(bare, ONE, "login.example.org", 2222).kind, "trusted");
  assert.equal(judge(bare, TWO, "login.example.org", 2222).kind, "unknown");
  const both = `${bare}[login.example.org]:2222 ${TWO}\n`;
  assert.equal(judge(both, TWO, "login.example.org", 2222).kind, "trusted");
  assert.equal(judge(both, TWO).kind, "changed");
});

Deno.test("wildcards and negation", () => {
  const text = `*.example.org,!bad.example.org ${ONE}\n`;
  assert.equal(judge(text, ONE).kind, "trusted");
  assert.equal(judge(text, ONE, "bad.example.org").kind, "unknown");
  assert.equal(judge(text, ONE, "example.com").kind, "unknown");
});

Deno.test("a revoked key is refused whatever else vouches for it", () => {
  const text = `login.example.org ${ONE}\n@revoked *.example.org ${ONE}\n`;
  const verdict = judge(text, ONE);
  assert.ok(verdict.kind === "revoked");
  assert.equal(verdict.by.line, 2);
  assert.equal(judge(`@revoked * ${ONE}\nlogin.example.org ${TWO}\n`, TWO).kind, "trusted");
  assert.equal(judge(`@revoked * ${ONE}\n`, ONE, "login.example.org", 2222).kind, "revoked");
});

Deno.test("a certificate authority alone vouches for no plain key", () => {
  assert.deepEqual(judge(`@cert-authority *.example.org ${ONE}\n`, ONE), {
    kind: "unknown",
    authorityOnly: true,
  });
});

Deno.test("a key of another type than the known one counts as changed", () => {
  assert.equal(judge(`login.example.org ${RSA}\n`, ONE).kind, "changed");
});

Deno.test("the types of the known keys are told, so that they are asked for first", () => {
  const entries = parseKnownHosts(
    `login.example.org ${RSA}\nlogin.example.org ${ONE}\n@revoked * ${TWO}\nother ${TWO}\n`,
    "known_hosts",
  );
  assert.deepEqual(knownKeyTypes(entries, "login.example.org", 22), ["ssh-rsa", "ssh-ed25519"]);
  assert.deepEqual(knownKeyTypes(entries, "login.example.org", 22_000), ["ssh-rsa", "ssh-ed25519"]);
  assert.deepEqual(knownKeyTypes(entries, "third", 22), []);
});

Deno.test("lines that make no sense vouch for nothing", () => {
  for (
    const line of [
      "login.example.org",
      "login.example.org ssh-ed25519",
      "login.example.org ssh-ed25519 !!!",
      `login.example.org ssh-rsa ${ONE.split(" ")[1]}`,
      `@unknown login.example.org ${ONE}`,
      `|2|abc|def ${ONE}`,
      `|1|abc ${ONE}`,
      `|1| ${ONE}`,
    ]
  ) assert.equal(judge(`${line}\n`, ONE).kind, "unknown", line);
});

Deno.test("no text breaks the reading", () => {
  fc.assert(fc.property(fc.string(), fc.string(), (text, host) => {
    judge(text, ONE, host);
    judge(`${text} ${ONE}\n@revoked ${text}\n|1|${text}`, ONE, host, 2222);
  }));
});

Deno.test("a fingerprint is as OpenSSH prints it, and a learned line is trusted", () => {
  assert.equal(fingerprint(bytes(ONE)), FINGERPRINT_OF_ONE);
  for (const port of [22, 2222]) {
    const line = knownHostLine("login.example.org", port, bytes(ONE));
    assert.equal(judge(line, ONE, "login.example.org", port).kind, "trusted");
  }
  assert.equal(knownHostLine("a", 2222, bytes(ONE)), `[a]:2222 ${ONE}\n`);
});
