import assert from "node:assert/strict";
import type { SshEnvironment } from "./environment.ts";
import { SshConfig } from "./ssh_config.ts";
import { SshConfigError } from "./ssh_errors.ts";

function environment(files: Record<string, string>): SshEnvironment {
  const variables: Record<string, string> = { HOME: "/home/ada", USER: "ada", SITE: "lab" };
  return {
    variable: (name) => variables[name],
    readFile: (path) => {
      const text = files[path];
      return text === undefined
        ? Promise.reject(new Deno.errors.NotFound(path))
        : Promise.resolve(new TextEncoder().encode(text));
    },
    appendFile: () => Promise.reject(new Error("nothing is written")),
    listDirectory: (path) =>
      Promise.resolve(
        Object.keys(files).filter((file) => file.startsWith(`${path}/`))
          .map((file) => file.slice(path.length + 1)).filter((name) => !name.includes("/"))
          .toSorted(),
      ),
  };
}

async function lookUp(text: string, alias: string, user?: string, files = {}) {
  const all = { "/home/ada/.ssh/config": text, ...files };
  return (await SshConfig.read(undefined, environment(all))).lookUp(alias, user);
}

const NOTHING = { identityFiles: [], identitiesOnly: false };

Deno.test("an alias gives host name, port, user, keys and jump hosts, whatever the case", async () => {
  const text = [
    "host Login l?gin* !login9",
    "  HOSTNAME %h.example.org",
    "  port=2222",
    "  User grace",
    "  identityfile ~/.ssh/one",
    "  IdentityFile /keys/%r@%h-%p",
    "  IdentityFile ${SITE}/%u/%%",
    "  IdentitiesOnly yes",
    "  IdentityAgent ~/agent",
    "  ProxyJump a,b",
    '  UserKnownHostsFile ~/known /etc/known "~/with blank"',
    "  HostKeyAlias key-of-login",
  ].join("\n");
  assert.deepEqual(await lookUp(text, "login1"), {
    hostName: "login1.example.org",
    port: 2222,
    user: "grace",
    identityFiles: [
      "/home/ada/.ssh/one",
      "/keys/grace@login1.example.org-2222",
      "lab/ada/%",
    ],
    identitiesOnly: true,
    identityAgent: "/home/ada/agent",
    proxyJump: "a,b",
    userKnownHostsFiles: ["/home/ada/known", "/etc/known", "/home/ada/with blank"],
    hostKeyAlias: "key-of-login",
  });
  assert.deepEqual(await lookUp(text, "login9"), NOTHING);
  assert.deepEqual(await lookUp(text, "other"), NOTHING);
});

Deno.test("the first value counts, identity files add up", async () => {
  const text = [
    "Port 1",
    "Host a",
    "  Port 2",
    "  User first",
    "  IdentityFile /one",
    "Host *",
    "  User second",
    "  IdentityFile /two",
  ].join("\n");
  const found = await lookUp(text, "a");
  assert.equal(found.port, 1);
  assert.equal(found.user, "first");
  assert.deepEqual(found.identityFiles, ["/one", "/two"]);
});

Deno.test("Match lines hold by host, user and local user, and never run a program", async () => {
  const text = [
    "Host a",
    "  HostName a.example.org",
    "Match host *.example.org user grace",
    "  Port 10",
    "Match originalhost a localuser ada",
    "  ProxyJump jump",
    "Match exec true",
    "  HostKeyAlias executed",
    "Match !originalhost b,c",
    "  IdentityAgent none",
    "Match all",
    "  IdentitiesOnly yes",
  ].join("\n");
  const asGrace = await lookUp(text, "a", "grace");
  assert.equal(asGrace.port, 10);
  assert.equal(asGrace.proxyJump, "jump");
  assert.equal(asGrace.hostKeyAlias, undefined);
  assert.equal(asGrace.identityAgent, "none");
  assert.equal(asGrace.identitiesOnly, true);
  assert.equal((await lookUp(text, "a")).port, undefined);
  assert.equal((await lookUp(text, "b")).identityAgent, undefined);
});

Deno.test("included files count where they are included", async () => {
  const files = {
    "/home/ada/.ssh/conf.d/10-a.conf": "Host a\n  Port 10\n",
    "/home/ada/.ssh/conf.d/20-a.conf": "Host a\n  Port 20\n  User late\n",
    "/home/ada/.ssh/conf.d/notes.txt": "Host a\n  Port 99\n",
    "/etc/site": "User site\n",
  };
  const text = "Include conf.d/*.conf missing\nHost a\n  Include /etc/site\nHost *\n  Port 30\n";
  const found = await lookUp(text, "a", undefined, files);
  assert.equal(found.port, 10);
  assert.equal(found.user, "late");
  assert.equal((await lookUp(text, "b", undefined, files)).user, undefined);
  assert.equal((await lookUp(text, "b", undefined, files)).port, 30);
});

Deno.test("files that are missing, broken or circular are told", async () => {
  const none = environment({});
  assert.deepEqual((await SshConfig.read(undefined, none)).lookUp("a"), NOTHING);
  assert.deepEqual((await SshConfig.read(false, none)).lookUp("a"), NOTHING);
  await assert.rejects(SshConfig.read("/named", none), SshConfigError);
  await assert.rejects(lookUp("Include config\n", "a"), /includes itself/);
  await assert.rejects(lookUp("Host a\n  Port high\n", "a"), /port 'high'/);
  await assert.rejects(lookUp('Host "a\n  Port 1\n', "a"), /makes no sense/);
});
