/**
 * Ways to log in by OpenSSH's own client, and what it says of those that fail.
 */

import assert from "node:assert/strict";
import {
  AuthenticationError,
  ConnectError,
  HostKeyChangedError,
  HostKeyUnknownError,
  KnownHostsError,
  ProxyJumpError,
  SshConfigError,
} from "../../hosts/mod.ts";
import { startProxy } from "../faults/tcp_proxy.ts";
import { connect, remains, traces } from "./support/openssh.ts";
import { clusterTest, otherKey, text, whoAmI, withTemporary } from "./support/ssh.ts";

clusterTest("openssh: a key that the host refuses is named, and never retried", async (facts) => {
  await assert.rejects(
    connect(facts, { auth: { keyFile: facts.keys.unauthorized } }),
    (error) => {
      assert.ok(error instanceof AuthenticationError, String(error));
      assert.equal(error.retryable, false);
      assert.deepEqual(error.tried, [`key ${facts.keys.unauthorized}`]);
      assert.deepEqual([...error.offered].sort(), ["password", "publickey"]);
      return true;
    },
  );
});

clusterTest("openssh: host keys are trusted as the policy says", async (facts) => {
  await withTemporary(async (directory) => {
    const knownHosts = `${directory}/known hosts`;
    await assert.rejects(connect(facts, { hostKeys: { knownHosts } }), (error) => {
      assert.ok(error instanceof HostKeyUnknownError, String(error));
      assert.match(error.fingerprint, /^SHA256:[A-Za-z0-9+/]{43}$/);
      return true;
    });
    const acceptNew = { policy: "accept-new", knownHosts };
    await (await connect(facts, { hostKeys: acceptNew })).close();
    assert.ok((await Deno.readTextFile(knownHosts)).includes(`[${facts.host}]:${facts.port} `));
    await (await connect(facts, { hostKeys: { knownHosts } })).close();
    await assert.rejects(
      connect(facts, { hostKeys: { ...acceptNew, knownHosts: `${directory}/none/known` } }),
      KnownHostsError,
    );
    await Deno.writeTextFile(
      knownHosts,
      `[${facts.host}]:${facts.port} ${await otherKey(directory)}\n`,
    );
    for (const policy of ["strict", "accept-new"]) {
      await assert.rejects(connect(facts, { hostKeys: { policy, knownHosts } }), (error) => {
        assert.ok(error instanceof HostKeyChangedError, String(error));
        assert.deepEqual(error.lines, [`${knownHosts}:1`]);
        return true;
      });
    }
    await using host = await connect(facts, { hostKeys: { policy: "insecure", knownHosts } });
    assert.equal(await whoAmI(host), facts.user);
  });
});

clusterTest(
  "openssh: a port or a name where nothing answers is worth another try",
  async (facts) => {
    await using silent = startProxy({ target: facts });
    silent.setBlackHole(true);
    for (
      const overrides of [
        { port: 1 },
        { host: "no-such-host.invalid" },
        { host: silent.host, port: silent.port, connectTimeoutSeconds: 1 },
      ]
    ) {
      await assert.rejects(connect(facts, overrides), (error) => {
        assert.ok(error instanceof ConnectError, String(error));
        assert.equal(error.retryable, true);
        return true;
      });
    }
  },
);

clusterTest("openssh: the ssh_config is OpenSSH's own to read", async (facts) => {
  await withTemporary(async (directory) => {
    const path = `${directory}/ssh config`;
    await Deno.writeTextFile(
      path,
      `Match originalhost login exec "test -e '${facts.keys.ed25519}'"\n` +
        `  HostName ${facts.host}\n  Port ${facts.port}\n  User ${facts.user}\n` +
        `  IdentityFile ${facts.keys.ed25519}\n  UserKnownHostsFile ${facts.knownHosts}\n` +
        `Host *\n  ControlMaster auto\n  ControlPersist 60\n  ControlPath ${directory}/s\n` +
        `  LocalForward 127.0.0.1:1 nowhere:1\n  RemoteCommand false\n  RequestTTY force\n`,
    );
    const overrides = {
      host: "login",
      port: undefined,
      user: undefined,
      auth: undefined,
      hostKeys: {},
      sshConfig: path,
    };
    {
      const host = await connect(facts, overrides);
      assert.equal(host.label, `${facts.user}@${facts.host}:${facts.port}`);
      assert.equal(await whoAmI(host), facts.user);
      const started = await traces();
      await host.close();
      assert.deepEqual(await remains(started), []);
      await assert.rejects(Deno.stat(`${directory}/s`), Deno.errors.NotFound);
    }
    await Deno.writeTextFile(path, "Nonsense yes\n");
    await assert.rejects(connect(facts, overrides), SshConfigError);
    await assert.rejects(connect(facts, { sshConfig: `${directory}/none` }), SshConfigError);
  });
});

clusterTest("openssh: goes through jump hosts with the same key and known hosts", async (facts) => {
  const [first, second] = facts.jumpHosts;
  assert.ok(first !== undefined && second !== undefined);
  const hops = [first, second].map(({ host, port }) => `${facts.user}@${host}:${port}`);
  await using host = await connect(facts, { proxyJump: hops.join(",") });
  const from = text((await host.run("echo $SSH_CLIENT")).stdout).split(" ")[0];
  assert.equal(from, second.host);
  const proxyJump = `nobody@${first.host}:${first.port}`;
  await assert.rejects(connect(facts, { proxyJump }), (error) => {
    assert.ok(error instanceof ProxyJumpError, String(error));
    assert.equal(error.hop, proxyJump);
    assert.ok(error.cause instanceof AuthenticationError);
    return true;
  });
});
