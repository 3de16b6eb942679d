import assert from "node:assert/strict";
import { SshOptionError } from "./errors.ts";
import { parseSshOptions } from "./ssh_options.ts";

Deno.test("every option that can be honoured is, in all spellings of ssh", () => {
  assert.deepEqual(
    parseSshOptions(
      `-o StrictHostKeyChecking=accept-new -oUserKnownHostsFile="/a b/known" -o 'ProxyJump me@hop:22' ` +
        "-p 2222 -l alice -i ~/.ssh/id -o connecttimeout=5 -o ServerAliveInterval=30",
    ),
    {
      policy: "accept-new",
      knownHosts: "/a b/known",
      proxyJump: "me@hop:22",
      port: 2222,
      user: "alice",
      keyFile: "~/.ssh/id",
      connectTimeoutSeconds: 5,
      keepaliveSeconds: 30,
    },
  );
});

Deno.test("the first value of an option wins, as with ssh", () => {
  assert.deepEqual(parseSshOptions("-o Port=1 -p 2"), { port: 1 });
});

Deno.test("no options mean nothing", () => {
  assert.deepEqual(parseSshOptions("  "), {});
});

for (
  const [given, named] of [
    ["-o ForwardAgent=yes", "ForwardAgent"],
    ["-A", "-A"],
    ["-o ProxyCommand=nc", "ProxyCommand"],
    ["hello", "hello"],
    ["-o", "-o"],
    ["-o Port", "Port"],
    ["-o Port=0", "Port"],
    ["-o Port=", "Port"],
    ["-o ConnectTimeout=soon", "ConnectTimeout"],
    ["-o StrictHostKeyChecking=maybe", "StrictHostKeyChecking"],
    ["-o 'Port=1", "is not closed"],
  ] as const
) {
  Deno.test(`${given} is refused by name`, () => {
    assert.throws(
      () => parseSshOptions(given),
      (error) => error instanceof SshOptionError && error.message.includes(named),
    );
  });
}
