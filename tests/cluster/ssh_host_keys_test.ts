/**
 * Which host keys are trusted.
 */

import assert from "node:assert/strict";
import { HostKeyChangedError, HostKeyRevokedError, HostKeyUnknownError } from "../../hosts/mod.ts";
import { clusterTest, connect, otherKey, whoAmI, withTemporary } from "./support/ssh.ts";

clusterTest(
  "an unknown host key is refused, with what was offered and the next step",
  async (facts) => {
    await withTemporary(async (directory) => {
      for (const policy of [undefined, "strict"]) {
        const knownHosts = `${directory}/known_hosts`;
        await assert.rejects(connect(facts, { hostKeys: { policy, knownHosts } }), (error) => {
          assert.ok(error instanceof HostKeyUnknownError, String(error));
          assert.match(error.fingerprint, /^SHA256:[A-Za-z0-9+/]{43}$/);
          assert.ok(
            error.next.includes(`ssh-keyscan -p ${facts.port} ${facts.host} >> ${knownHosts}`),
          );
          assert.equal(error.retryable, false);
          return true;
        });
      }
    });
  },
);

clusterTest("accept-new learns a key once and holds to it", async (facts) => {
  await withTemporary(async (directory) => {
    const knownHosts = `${directory}/new/known_hosts`;
    const hostKeys = { policy: "accept-new", knownHosts };
    await (await connect(facts, { hostKeys })).close();
    const learned = await Deno.readTextFile(knownHosts);
    assert.match(learned, new RegExp(`^\\[${facts.host}\\]:${facts.port} ssh-ed25519 \\S+\\n$`));
    await (await connect(facts, { hostKeys })).close();
    assert.equal(await Deno.readTextFile(knownHosts), learned);
    await (await connect(facts, { hostKeys: { policy: "strict", knownHosts } })).close();
    // OpenSSH itself reads the line as we meant it.
    const found = await new Deno.Command("ssh-keygen", {
      args: ["-F", `[${facts.host}]:${facts.port}`, "-f", knownHosts],
    }).output();
    assert.ok(found.success);
  });
});

clusterTest("a changed host key is refused under every policy that looks", async (facts) => {
  await withTemporary(async (directory) => {
    const knownHosts = `${directory}/known_hosts`;
    const key = await otherKey(directory);
    await Deno.writeTextFile(knownHosts, `# mine\n[${facts.host}]:${facts.port} ${key}\n`);
    for (const policy of ["strict", "accept-new"]) {
      await assert.rejects(connect(facts, { hostKeys: { policy, knownHosts } }), (error) => {
        assert.ok(error instanceof HostKeyChangedError, String(error));
        assert.deepEqual(error.lines, [`${knownHosts}:2`]);
        assert.ok(
          error.next.includes(`ssh-keygen -R '[${facts.host}]:${facts.port}' -f ${knownHosts}`),
        );
        return true;
      });
    }
    await using host = await connect(facts, { hostKeys: { policy: "insecure", knownHosts } });
    assert.equal(await whoAmI(host), facts.user);
  });
});

clusterTest(
  "hashed, negated, wildcard, revoked and authority lines are understood",
  async (facts) => {
    await withTemporary(async (directory) => {
      const knownHosts = `${directory}/known_hosts`;
      const all = await Deno.readTextFile(facts.knownHosts);
      const name = `[${facts.host}]:${facts.port}`;
      const key = all.split("\n").find((line) => line.startsWith(`${name} ssh-ed25519 `))
        ?.split(" ").slice(1, 3).join(" ");
      const open = () => connect(facts, { hostKeys: { knownHosts } });

      await Deno.writeTextFile(knownHosts, `${name} ${key}\n`);
      await new Deno.Command("ssh-keygen", { args: ["-q", "-H", "-f", knownHosts] }).output();
      assert.match(await Deno.readTextFile(knownHosts), /^\|1\|/);
      await (await open()).close();

      await Deno.writeTextFile(knownHosts, `[10.77.*.?]:${facts.port} ${key}\n`);
      await (await open()).close();

      await Deno.writeTextFile(knownHosts, `*,!${name},!${facts.host} ${key}\n`);
      await assert.rejects(open(), HostKeyUnknownError);

      await Deno.writeTextFile(knownHosts, `${name} ${key}\n@revoked * ${key}\n`);
      await assert.rejects(open(), HostKeyRevokedError);

      await Deno.writeTextFile(knownHosts, `@cert-authority * ${key}\n`);
      await assert.rejects(open(), (error) => {
        assert.ok(error instanceof HostKeyUnknownError);
        assert.match(error.message, /@cert-authority/);
        return true;
      });
    });
  },
);

clusterTest("each known type of host key is asked for first", async (facts) => {
  await withTemporary(async (directory) => {
    const lines = (await Deno.readTextFile(facts.knownHosts)).split("\n")
      .filter((line) => line.startsWith(`[${facts.host}]:${facts.port} `));
    assert.ok(lines.length > 0);
    for (const line of lines) {
      const knownHosts = `${directory}/known_hosts`;
      await Deno.writeTextFile(knownHosts, `${line}\n`);
      await (await connect(facts, { hostKeys: { knownHosts } })).close();
    }
  });
});
