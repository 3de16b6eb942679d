/**
 * Ways to log in to a real OpenSSH server.
 */

import assert from "node:assert/strict";
import {
  AgentError,
  AuthenticationError,
  connectSsh,
  KeyFileError,
  KeyFormatError,
  PassphraseError,
} from "../../hosts/mod.ts";
import { slurmClusterSchema } from "../../model/mod.ts";
import {
  clusterTest,
  connect,
  environment,
  type Facts,
  text,
  whoAmI,
  withTemporary,
} from "./support/ssh.ts";

const waysIn: readonly [string, (facts: Facts) => Record<string, unknown>][] = [
  ["an ed25519 key", ({ keys }) => ({ keyFile: keys.ed25519 })],
  ["an encrypted key and its passphrase", ({ keys, passphrase }) => ({
    keyFile: keys.ed25519Encrypted,
    passphrase,
  })],
  ["an RSA key", ({ keys }) => ({ keyFile: keys.rsa })],
  ["an RSA key in PEM form", ({ keys }) => ({ keyFile: keys.rsaPem })],
  ["an ECDSA key in PEM form", ({ keys }) => ({ keyFile: keys.ecdsaPem })],
  ["an ECDSA key in OpenSSH's form, which ssh2 mangles", ({ keys }) => ({ keyFile: keys.ecdsa })],
  ["a password", ({ password }) => ({ password })],
];

for (const [way, auth] of waysIn) {
  clusterTest(`logs in with ${way}`, async (facts) => {
    await using host = await connect(facts, { auth: auth(facts) });
    assert.equal(await whoAmI(host), facts.user);
    assert.equal(host.label, `${facts.user}@${facts.host}:${facts.port}`);
  });
}

clusterTest("logs in with the text of a key, as secrets carry it", async (facts) => {
  const key = await Deno.readTextFile(facts.keys.ed25519);
  for (const keyText of [key, key.replaceAll("\n", "\r\n"), key.trim().replaceAll("\n", "\\n")]) {
    await using host = await connect(facts, { auth: { keyText } });
    assert.equal(await whoAmI(host), facts.user);
  }
});

clusterTest(
  "logs in with an agent, named or by SSH_AUTH_SOCK or without any auth",
  async (facts) => {
    await withTemporary(async (directory) => {
      const socket = `${directory}/agent`;
      const agent = new Deno.Command("ssh-agent", { args: ["-D", "-a", socket], stdout: "null" })
        .spawn();
      try {
        while (!await Deno.stat(socket).then(() => true, () => false)) {
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        const options = { environment: environment({ SSH_AUTH_SOCK: socket }) };
        await assert.rejects(
          connect(facts, { auth: { agent: true } }, options),
          AuthenticationError,
          "an empty agent",
        );
        const add = await new Deno.Command("ssh-add", {
          args: ["-q", facts.keys.unauthorized, facts.keys.ed25519],
          env: { SSH_AUTH_SOCK: socket },
        }).output();
        assert.ok(add.success, text(add.stderr));
        for (const auth of [{ agent: true }, { agent: socket }, undefined]) {
          await using host = await connect(facts, { auth }, options);
          assert.equal(await whoAmI(host), facts.user);
        }
      } finally {
        agent.kill();
        await agent.status;
      }
      await assert.rejects(connect(facts, { auth: { agent: socket } }), AgentError);
      await assert.rejects(connect(facts, { auth: { agent: true } }), AgentError);
    });
  },
);

clusterTest("without auth the identity files of the ssh_config are used", async (facts) => {
  await withTemporary(async (home) => {
    await Deno.mkdir(`${home}/.ssh/conf.d`, { recursive: true });
    await Deno.copyFile(facts.keys.ed25519, `${home}/.ssh/the key`);
    await Deno.writeTextFile(`${home}/.ssh/config`, "Include conf.d/*.conf\n");
    await Deno.writeTextFile(
      `${home}/.ssh/conf.d/site.conf`,
      `host login*\n  hostname ${facts.host}\n  PORT ${facts.port}\n  user ${facts.user}\n` +
        `  IdentityFile "~/.ssh/the key"\n  UserKnownHostsFile ${facts.knownHosts}\n`,
    );
    await using host = await connectSsh(
      slurmClusterSchema.parse({ type: "slurm", host: "login1" }),
      { environment: environment({ HOME: home }) },
    );
    assert.equal(await whoAmI(host), facts.user);
  });
});

clusterTest("credentials that are refused are named, and never worth a retry", async (facts) => {
  for (
    const [auth, words] of [
      [{ keyFile: facts.keys.unauthorized }, /Tried: key .*unauthorized/],
      [{ password: "wrong" }, /Tried: password/],
    ] as const
  ) {
    await assert.rejects(connect(facts, { auth }), (error) => {
      assert.ok(error instanceof AuthenticationError, String(error));
      assert.equal(error.retryable, false);
      assert.match(error.message, words);
      assert.deepEqual([...error.offered].sort(), ["password", "publickey"]);
      return true;
    });
  }
  await assert.rejects(connect(facts, { auth: undefined }), (error) => {
    assert.ok(error instanceof AuthenticationError);
    assert.match(error.message, /nothing to log in/);
    return true;
  });
});

clusterTest("keys that cannot be used say why and what mends them", async (facts) => {
  const { keys, passphrase } = facts;
  await assert.rejects(
    connect(facts, { auth: { keyFile: keys.rsaPemEncrypted, passphrase } }),
    (error) => {
      assert.ok(error instanceof KeyFormatError);
      assert.ok(error.next.includes(`ssh-keygen -p -f ${keys.rsaPemEncrypted}`));
      return true;
    },
  );
  await assert.rejects(
    connect(facts, { auth: { keyFile: keys.ed25519Encrypted } }),
    (error) => error instanceof PassphraseError && error.code === "PASSPHRASE_MISSING",
  );
  await assert.rejects(
    connect(facts, { auth: { keyFile: keys.ed25519Encrypted, passphrase: "wrong" } }),
    (error) => error instanceof PassphraseError && error.code === "PASSPHRASE_WRONG",
  );
  await assert.rejects(connect(facts, { auth: { keyFile: "/nonexistent/key" } }), KeyFileError);
  await assert.rejects(
    connect(facts, { auth: { keyFile: `${keys.ed25519}.pub` } }),
    (error) => error instanceof KeyFormatError && /public half/.test(error.message),
  );
});

clusterTest("an encrypted PEM key works after the command that its error names", async (facts) => {
  await withTemporary(async (directory) => {
    const path = `${directory}/key`;
    await Deno.copyFile(facts.keys.rsaPemEncrypted, path);
    await Deno.chmod(path, 0o600);
    const rewritten = await new Deno.Command("ssh-keygen", {
      args: ["-p", "-P", facts.passphrase, "-N", facts.passphrase, "-f", path],
    }).output();
    assert.ok(rewritten.success, text(rewritten.stderr));
    const auth = { keyFile: path, passphrase: facts.passphrase };
    // The key itself may not be among the authorized ones; that it is offered at all is the point.
    const outcome = await connect(facts, { auth }).then(
      async (host) => {
        await host.close();
        return undefined;
      },
      (error) => error,
    );
    assert.ok(outcome === undefined || outcome instanceof AuthenticationError, String(outcome));
  });
});
