/**
 * Ways to a host: jump hosts, and hosts that cannot be reached.
 */

import assert from "node:assert/strict";
import {
  AuthenticationError,
  ConnectError,
  HostKeyUnknownError,
  ProxyJumpError,
} from "../../hosts/mod.ts";
import { startProxy } from "../faults/tcp_proxy.ts";
import { clusterTest, connect, environment, text, whoAmI, withTemporary } from "./support/ssh.ts";

clusterTest("goes through jump hosts, each with its own key, alias and user", async (facts) => {
  const [first, second] = facts.jumpHosts;
  assert.ok(first !== undefined && second !== undefined);
  const via = (...hops: string[]) => connect(facts, { proxyJump: hops.join(",") });
  {
    await using host = await via(`${facts.user}@${first.host}:${first.port}`);
    assert.equal(await whoAmI(host), facts.user);
    const from = text((await host.run("echo $SSH_CLIENT")).stdout).split(" ")[0];
    assert.equal(from, first.host);
  }
  await withTemporary(async (home) => {
    await Deno.mkdir(`${home}/.ssh`);
    await Deno.writeTextFile(
      `${home}/.ssh/config`,
      [
        `Host one`,
        `  HostName ${first.host}`,
        `  Port ${first.port}`,
        `Host two`,
        `  HostName ${second.host}`,
        `  Port ${second.port}`,
        `  ProxyJump one`,
        `Host target`,
        `  HostName ${facts.host}`,
        `  Port ${facts.port}`,
        `  ProxyJump two`,
        `Host *`,
        `  User ${facts.user}`,
        "",
      ].join("\n"),
    );
    await using host = await connect(
      facts,
      { host: "target", port: undefined, user: undefined },
      { environment: environment({ HOME: home }) },
    );
    const from = text((await host.run("echo $SSH_CLIENT")).stdout).split(" ")[0];
    assert.equal(from, second.host);
    await host.put(new Uint8Array(500_000), "through-jumps");
    assert.equal((await host.stat("through-jumps"))?.size, 500_000);
    await host.remove("through-jumps");
  });
});

clusterTest("a jump host that fails is named, with the reason", async (facts) => {
  const [first] = facts.jumpHosts;
  assert.ok(first !== undefined);
  const hop = `${facts.user}@${first.host}:${first.port}`;
  await withTemporary(async (directory) => {
    const knownHosts = `${directory}/known_hosts`;
    const all = await Deno.readTextFile(facts.knownHosts);
    await Deno.writeTextFile(
      knownHosts,
      all.split("\n").filter((line) => !line.includes(first.host)).join("\n"),
    );
    const hostKeys = { knownHosts };
    await assert.rejects(connect(facts, { proxyJump: hop, hostKeys }), (error) => {
      assert.ok(error instanceof ProxyJumpError, String(error));
      assert.equal(error.hop, hop);
      assert.ok(error.cause instanceof HostKeyUnknownError);
      assert.equal(error.retryable, false);
      return true;
    });
  });
  // A password is for the last host alone.
  await assert.rejects(
    connect(facts, { proxyJump: hop, auth: { password: facts.password } }),
    (error) => error instanceof ProxyJumpError && error.cause instanceof AuthenticationError,
  );
  await assert.rejects(
    connect(facts, { proxyJump: `${hop},${facts.user}@127.0.0.1:1` }),
    (error) => {
      assert.ok(error instanceof ProxyJumpError);
      assert.equal(error.hop, `${facts.user}@127.0.0.1:1`);
      assert.ok(error.cause instanceof ConnectError);
      assert.equal(error.retryable, true);
      return true;
    },
  );
});

clusterTest("a host that is not there is worth another try", async (facts) => {
  for (
    const [where, words] of [
      [{ port: 1 }, /refused/],
      [{ host: "no-such-host.invalid" }, /resolved/],
    ] as const
  ) {
    await assert.rejects(connect(facts, where), (error) => {
      assert.ok(error instanceof ConnectError, String(error));
      assert.equal(error.retryable, true);
      assert.match(error.message, words);
      return true;
    });
  }
});

clusterTest("a host that says nothing is given up in time, and on request", async (facts) => {
  await using proxy = startProxy({ target: facts });
  proxy.setBlackHole(true);
  const where = { host: proxy.host, port: proxy.port, connectTimeoutSeconds: 1 };
  await assert.rejects(connect(facts, where), (error) => {
    assert.ok(error instanceof ConnectError, String(error));
    assert.match(error.message, /within 1 s/);
    return true;
  });
  const abort = new AbortController();
  const reason = new Error("enough");
  const connecting = connect(facts, where, { environment: environment(), signal: abort.signal });
  setTimeout(() => abort.abort(reason), 50);
  await assert.rejects(connecting, reason);
});
