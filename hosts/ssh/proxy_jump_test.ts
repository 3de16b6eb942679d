import assert from "node:assert/strict";
import type { SshEnvironment } from "./environment.ts";
import { parseProxyJump, wayTo } from "./proxy_jump.ts";
import { SshConfig } from "./ssh_config.ts";
import { SshConfigError } from "./ssh_errors.ts";

Deno.test("jump hosts are read in every form that ssh -J takes", () => {
  assert.deepEqual(parseProxyJump("none"), []);
  assert.deepEqual(parseProxyJump("a"), [{ alias: "a" }]);
  assert.deepEqual(parseProxyJump("ada@a:2222, ssh://b:22/ ,[::1]:22,x@[fe80::1]"), [
    { alias: "a", user: "ada", port: 2222 },
    { alias: "b", port: 22 },
    { alias: "::1", port: 22 },
    { alias: "fe80::1", user: "x" },
  ]);
  for (const bad of ["", "a,,b", "a b", "a:port", "@a", "a:", "a;b:1:2"]) {
    assert.throws(() => parseProxyJump(bad), SshConfigError, bad);
  }
});

async function wayFrom(text: string, alias: string, proxyJump?: string) {
  const environment: SshEnvironment = {
    variable: () => undefined,
    readFile: () => Promise.resolve(new TextEncoder().encode(text)),
    appendFile: () => Promise.reject(new Error("nothing is written")),
    listDirectory: () => Promise.resolve([]),
  };
  const config = await SshConfig.read("/config", environment);
  return wayTo(config.lookUp(alias), proxyJump, config).map((stop) => stop.alias);
}

Deno.test("the way goes through the jump hosts of the first jump host", async () => {
  const text = "Host c\n ProxyJump a,b\nHost a\n ProxyJump z\nHost b\n ProxyJump ignored\n";
  assert.deepEqual(await wayFrom(text, "c"), ["z", "a", "b"]);
  assert.deepEqual(await wayFrom(text, "c", "b"), ["ignored", "b"]);
  assert.deepEqual(await wayFrom(text, "c", "none"), []);
  assert.deepEqual(await wayFrom(text, "direct"), []);
});

Deno.test("a circle and a ProxyCommand are refused with what to do", async () => {
  await assert.rejects(
    wayFrom("Host a\n ProxyJump b\nHost b\n ProxyJump a\n", "a"),
    /in a circle/,
  );
  await assert.rejects(wayFrom("Host a\n ProxyCommand nc %h %p\n", "a"), (error) => {
    assert.ok(error instanceof SshConfigError);
    assert.match(error.message, /nc %h %p/);
    assert.match(error.next, /proxyJump/);
    return true;
  });
  assert.deepEqual(await wayFrom("Host a\n ProxyCommand none\n", "a"), []);
});
