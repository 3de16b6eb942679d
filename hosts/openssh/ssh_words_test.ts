import assert from "node:assert/strict";
import { slurmClusterSchema } from "../../model/mod.ts";
import type { SshEnvironment } from "../ssh/environment.ts";
import { AgentError, SshConfigError } from "../ssh/ssh_errors.ts";
import { OpenSshAuthError } from "./openssh_errors.ts";
import { channelWords, masterWords } from "./ssh_words.ts";

function environment(variables: Readonly<Record<string, string>> = {}): SshEnvironment {
  const all: Readonly<Record<string, string>> = { HOME: "/home/ada", ...variables };
  return {
    variable: (name) => all[name],
    readFile: () => Promise.reject(new Error("nothing is read")),
    appendFile: () => Promise.reject(new Error("nothing is written")),
    listDirectory: () => Promise.resolve([]),
  };
}

function words(input: Record<string, unknown> = {}, variables: Record<string, string> = {}) {
  const config = slurmClusterSchema.parse({ type: "slurm", host: "login", ...input });
  return masterWords(config, environment(variables), "MARK");
}

/** The values that `ssh` would see of an option, of which the first counts. */
function settings(all: readonly string[], name: string): string[] {
  return all.filter((word, place) => all[place - 1] === "-o" && word.startsWith(`${name}=`))
    .map((word) => word.slice(name.length + 1));
}

Deno.test("a master never asks, stays in the foreground and forwards nothing", () => {
  const all = words();
  const expected = {
    BatchMode: "yes",
    ControlMaster: "yes",
    ControlPersist: "no",
    ClearAllForwardings: "yes",
    ForwardAgent: "no",
    ForwardX11: "no",
    RemoteCommand: "none",
    LocalCommand: "echo MARK",
    ServerAliveInterval: "15",
    ServerAliveCountMax: "3",
    ConnectTimeout: "20",
    StrictHostKeyChecking: "yes",
  };
  for (const [name, value] of Object.entries(expected)) {
    assert.deepEqual(settings(all, name), [value], name);
  }
  assert.deepEqual(all.slice(-2), ["--", "login"]);
});

Deno.test("what the configuration leaves out is left to the ssh_config", () => {
  const all = words();
  for (const word of ["-F", "-p", "-l", "-J"]) assert.ok(!all.includes(word), word);
  for (
    const name of [
      "IdentityFile",
      "IdentitiesOnly",
      "IdentityAgent",
      "UserKnownHostsFile",
      "ProxyCommand",
      "ProxyJump",
      "Ciphers",
    ]
  ) {
    assert.deepEqual(settings(all, name), [], name);
  }
});

Deno.test("port, user and ssh_config are named, and a host is never taken for an option", () => {
  const all = words({ host: "-oProxyCommand=evil", port: 2222, user: "ada", sshConfig: "~/conf" });
  assert.deepEqual(all.slice(-6), ["-p", "2222", "-l", "ada", "--", "-oProxyCommand=evil"]);
  assert.deepEqual(all.slice(0, 4), ["-N", "-T", "-F", "/home/ada/conf"]);
});

Deno.test("without an ssh_config the ciphers come first that processors are fast at", () => {
  const all = words({ sshConfig: false });
  assert.deepEqual(all.slice(2, 4), ["-F", "none"]);
  assert.match(settings(all, "Ciphers").join(), /^aes128-gcm@openssh\.com,.*chacha20-poly1305/);
});

Deno.test("each policy for host keys is said in OpenSSH's words", () => {
  const known = (policy: string, knownHosts?: string) => {
    const all = words({
      hostKeys: { policy, ...(knownHosts === undefined ? {} : { knownHosts }) },
    });
    return ["StrictHostKeyChecking", "UserKnownHostsFile", "GlobalKnownHostsFile"]
      .map((name) => settings(all, name)[0]);
  };
  assert.deepEqual(known("strict"), ["yes", undefined, undefined]);
  assert.deepEqual(known("accept-new", "~/k"), ["accept-new", "/home/ada/k", "/dev/null"]);
  assert.deepEqual(known("strict", '/a b/"%h'), ["yes", '"/a b/\\"%%h"', "/dev/null"]);
  assert.deepEqual(known("insecure", "/k"), ["no", "/dev/null", "/dev/null"]);
});

Deno.test("a key file is the only key, an agent the only source of keys", () => {
  const key = words({ auth: { keyFile: "~/key" } });
  assert.deepEqual(settings(key, "IdentityFile"), ["/home/ada/key"]);
  assert.deepEqual(settings(key, "IdentitiesOnly"), ["yes"]);
  for (const agent of [true, "/run/agent"]) {
    const all = words({ auth: { agent } }, { SSH_AUTH_SOCK: "/run/agent" });
    assert.deepEqual(settings(all, "IdentityAgent"), ["/run/agent"]);
    assert.deepEqual(settings(all, "IdentityFile"), ["none"]);
  }
  assert.throws(() => words({ auth: { agent: true } }), AgentError);
});

Deno.test("what OpenSSH asks only a person for is refused with what to do instead", () => {
  const refused = {
    password: { password: "secret" },
    keyText: { keyText: "secret" },
    passphrase: { keyFile: "/key", passphrase: "secret" },
  };
  for (const [setting, auth] of Object.entries(refused)) {
    assert.throws(() => words({ auth }), (error) => {
      assert.ok(error instanceof OpenSshAuthError);
      assert.equal(error.code, "OPENSSH_AUTH_UNSUPPORTED");
      assert.equal(error.retryable, false);
      assert.ok(error.message.includes(`auth.${setting}:`), error.message);
      assert.match(error.next, /transport: ssh2/);
      assert.ok(!`${error.message}${error.next}`.includes("secret"));
      return true;
    });
  }
});

Deno.test("jump hosts are reached with the same keys and known hosts, whatever the paths hold", () => {
  const all = words({
    proxyJump: "ada@one:2201,two",
    hostKeys: { knownHosts: "/it's 100% known" },
    auth: { keyFile: "/key" },
  });
  const [command = ""] = settings(all, "ProxyCommand");
  // The outer host's tokens are left to fill in; those of the host before are kept for its own ssh.
  assert.match(command, / -W '\[%h\]:%p' -- two$/);
  assert.match(command, /'ProxyCommand=ssh .* -W '\\''\[%%h\]:%%p'\\'' -p 2201 -l ada -- one'/);
  assert.match(command, /'IdentityFile=\/key'/);
  assert.match(command, /100%%%% known/);
  assert.deepEqual(settings(all, "ProxyJump"), []);
  assert.deepEqual(settings(words({ proxyJump: "none" }), "ProxyJump"), ["none"]);
  assert.throws(() => words({ proxyJump: "a b" }), SshConfigError);
});

Deno.test("a channel never connects on its own and says when it is open", () => {
  const all = channelWords("/tmp/d/s", "login", "MARK", "exec sh -c 'true'");
  assert.deepEqual(all.slice(0, 5), ["ssh", "-F", "none", "-S", "/tmp/d/s"]);
  assert.deepEqual(settings(all, "ProxyCommand"), ["false"]);
  assert.deepEqual(settings(all, "ControlMaster"), ["no"]);
  assert.deepEqual(all.slice(-3), ["--", "login", "echo MARK; exec sh -c 'true'"]);
});
