import assert from "node:assert/strict";
import { authSchema, clusterConfigSchema, inputIssues, issuesText } from "./mod.ts";

function authTrouble(auth: unknown): string {
  const parsed = authSchema.safeParse(auth);
  return parsed.success ? "" : issuesText(inputIssues(parsed.error));
}

const ways = {
  keyFile: "~/.ssh/id_ed25519",
  keyText: "-----BEGIN OPENSSH PRIVATE KEY-----",
  agent: true,
  password: "hunter2",
};
const names = Object.keys(ways);

Deno.test("each way to log in is enough by itself", () => {
  for (const [name, value] of Object.entries(ways)) {
    assert.equal(authTrouble({ [name]: value }), "", name);
  }
  assert.equal(authTrouble({ agent: "/run/agent.sock" }), "");
});

Deno.test("two ways to log in are refused, whichever they are, and no secret is repeated", () => {
  for (const first of names) {
    for (const second of names.filter((name) => name !== first)) {
      const both = Object.fromEntries(
        Object.entries(ways).filter(([name]) => name === first || name === second),
      );
      const words = authTrouble(both);
      assert.match(words, /exactly one of keyFile, keyText, agent and password/);
      assert.ok(!words.includes("hunter2") && !words.includes("BEGIN"));
    }
  }
});

Deno.test("no way to log in at all is refused with what to do", () => {
  assert.match(authTrouble({}), /name one of .* or leave `auth` out/);
});

Deno.test("a passphrase goes with a key only", () => {
  assert.equal(authTrouble({ keyFile: "k", passphrase: "p" }), "");
  assert.equal(authTrouble({ keyText: "k", passphrase: "p" }), "");
  for (const way of [{ agent: true }, { password: "p" }]) {
    assert.match(
      authTrouble({ ...way, passphrase: "p" }),
      /passphrase.*needs a keyFile or a keyText/,
    );
  }
});

Deno.test("a cluster says little: what is left out is safe", () => {
  const cluster = clusterConfigSchema.parse({ type: "slurm", host: "login" });
  assert.ok(cluster.type === "slurm");
  assert.equal(cluster.hostKeys.policy, "strict");
  assert.equal(cluster.remoteDirectory, "~/.sluice");
  assert.deepEqual(cluster.shell, { command: "sh", login: false, prelude: "" });
  assert.deepEqual(cluster.poll, { minSeconds: 2, maxSeconds: 30 });
  assert.deepEqual(cluster.defaults, {});
});

Deno.test("numbers that make no sense are refused with the field", () => {
  for (
    const [part, field] of [
      [{ port: 0 }, /^port/],
      [{ port: 65536 }, /^port/],
      [{ connectTimeoutSeconds: 0 }, /^connectTimeoutSeconds/],
      [{ poll: { minSeconds: 60 } }, /^poll.*minSeconds must not exceed maxSeconds/],
      [{ poll: { minSeconds: 0 } }, /^poll\.minSeconds/],
      [{ remoteDirectory: "work" }, /^remoteDirectory/],
      [{ slurmPath: "bin" }, /^slurmPath/],
      [{ hostKeys: { policy: "none" } }, /^hostKeys\.policy/],
    ] as const
  ) {
    const parsed = clusterConfigSchema.safeParse({ type: "slurm", host: "login", ...part });
    assert.ok(!parsed.success, JSON.stringify(part));
    assert.match(issuesText(inputIssues(parsed.error)), field);
  }
});

Deno.test("a local cluster has nothing to log in to", () => {
  assert.ok(clusterConfigSchema.safeParse({ type: "local" }).success);
  assert.ok(!clusterConfigSchema.safeParse({ type: "local", host: "x" }).success);
});
