import assert from "node:assert/strict";
import type { SluiceError } from "../model/mod.ts";
import { clusterNameSchema } from "../model/mod.ts";
import { ConfigInvalidError, ConfigUnreadableError, NoClusterError } from "./errors.ts";
import { loadConfig } from "./load.ts";

function machine(files: Record<string, string>, variables: Record<string, string> = {}) {
  const environment: Record<string, string> = { HOME: "/home/ann", ...variables };
  return {
    directory: "/project",
    env: (name: string) => environment[name],
    readTextFile: (path: string) => {
      const text = files[path];
      return text === undefined
        ? Promise.reject(new Deno.errors.NotFound(path))
        : Promise.resolve(text);
    },
  };
}

async function refusal(yaml: string): Promise<SluiceError> {
  try {
    await loadConfig(machine({ "/project/sluice.yaml": yaml }));
  } catch (error) {
    if (error instanceof ConfigInvalidError) return error;
    throw error;
  }
  assert.fail("it was taken");
}

const dev = clusterNameSchema.parse("dev");
const env = clusterNameSchema.parse("env");
const local = "clusters:\n  dev:\n    type: local\n";

Deno.test("defaults are filled in and paths made absolute", async () => {
  const config = await loadConfig(machine({
    "/project/sluice.yaml": `clusters:
  dev:
    type: slurm
    host: login
    auth: { keyFile: keys/id }
    hostKeys: { knownHosts: ~/.ssh/known }
server:
  tokenFile: ~/token
`,
  }));
  assert.equal(config.server.host, "127.0.0.1");
  assert.equal(config.server.port, 7878);
  assert.equal(config.server.tokenFile, "/home/ann/token");
  assert.equal(config.dataDirectory, "/home/ann/.local/state/sluice");
  const cluster = config.clusters[dev];
  assert.ok(cluster?.type === "slurm");
  assert.equal(cluster.auth?.keyFile, "/project/keys/id");
  assert.equal(cluster.hostKeys.knownHosts, "/home/ann/.ssh/known");
});

Deno.test("the file of the project is found before that of the user", async () => {
  const files = {
    "/home/ann/.config/sluice/sluice.yaml": `server: { port: 2 }\n${local}`,
    "/project/sluice.yaml": `server: { port: 1 }\n${local}`,
  };
  assert.equal((await loadConfig(machine(files))).server.port, 1);
  const { "/project/sluice.yaml": _, ...user } = files;
  assert.equal((await loadConfig(machine(user))).server.port, 2);
});

Deno.test("XDG directories and SLUICE_CONFIG are honoured, relative XDG ones are not", async () => {
  const files = { "/x/sluice/sluice.yaml": local, "/named.yaml": local };
  const xdg = await loadConfig(
    machine(files, { XDG_CONFIG_HOME: "/x", XDG_STATE_HOME: "/s" }),
  );
  assert.equal(xdg.dataDirectory, "/s/sluice");
  const named = await loadConfig(
    machine(files, { SLUICE_CONFIG: "/named.yaml", XDG_STATE_HOME: "s" }),
  );
  assert.equal(named.dataDirectory, "/home/ann/.local/state/sluice");
});

Deno.test("the environment wins over the file", async () => {
  const config = await loadConfig(machine(
    {
      "/project/sluice.yaml":
        `server: { port: 1, tokenFile: t }\ndataDirectory: d\nclusters: { env: { type: local } }\n`,
    },
    {
      SLUICE_PORT: "2",
      SLUICE_TOKEN: "0123456789abcdef",
      SLUICE_DATA_DIRECTORY: "/data",
      SLURM_SSH_HOST: "login",
      SLURM_SSH_KEY: "~/id",
    },
  ));
  assert.equal(config.server.port, 2);
  assert.equal(config.server.token, "0123456789abcdef");
  assert.equal(config.server.tokenFile, undefined);
  assert.equal(config.dataDirectory, "/data");
  const cluster = config.clusters[env];
  assert.ok(cluster?.type === "slurm");
  assert.equal(cluster.auth?.keyFile, "/home/ann/id");
});

Deno.test("the environment alone is enough", async () => {
  const config = await loadConfig(machine({}, { SLURM_SSH_HOST: "login" }));
  assert.deepEqual(Object.keys(config.clusters), ["env"]);
});

Deno.test("without any cluster the error says where it looked and what to write", async () => {
  await assert.rejects(
    loadConfig(machine({})),
    (error) => error instanceof NoClusterError && error.message.includes("/project/sluice.yaml"),
  );
  await assert.rejects(
    loadConfig(machine({ "/project/sluice.yaml": "# empty\n" })),
    NoClusterError,
  );
  const bare = await loadConfig({ ...machine({}), requireCluster: false });
  assert.deepEqual(bare.clusters, {});
});

Deno.test("a named file that is not there is an error", async () => {
  await assert.rejects(
    loadConfig({ ...machine({}), path: "other.yaml" }),
    (error) =>
      error instanceof ConfigUnreadableError && error.message.includes("/project/other.yaml"),
  );
});

Deno.test("every mistake is named with its line, its field and the fix", async () => {
  const error = await refusal(`server:
  prot: 80
clusters:
  dev:
    type: slurm
    host: login
    port: 99999
    auth:
      keyFile: a
      password: b
  two words:
    type: local
`);
  assert.deepEqual(error.message.split("\n"), [
    "/project/sluice.yaml:2: server.prot: is not a known name. Did you mean 'port'?",
    "/project/sluice.yaml:7: clusters.dev.port: must be at most 65535. Port. Default: the ssh_config's, then 22.",
    "/project/sluice.yaml:8: clusters.dev.auth: choose exactly one of keyFile, keyText, agent and password. How to log in: exactly one way.",
    "/project/sluice.yaml:11: clusters.two words: a cluster name has letters, digits, '.', '_' and '-', starts with a letter or digit, and has at most 63 characters.",
  ]);
  assert.equal(error.code, "CONFIG_INVALID");
});

Deno.test("an unknown name unlike all others lists what is known", async () => {
  const error = await refusal("banana: 1\n");
  assert.equal(
    error.message,
    "/project/sluice.yaml:1: banana: is not a known name. Known are server, dataDirectory, clusters.",
  );
});

Deno.test("an unknown type of cluster lists the types", async () => {
  const error = await refusal("clusters:\n  dev:\n    type: slum\n");
  assert.match(error.message, /sluice\.yaml:3: clusters\.dev\.type: must be one of slurm, local\./);
});

Deno.test("broken YAML names the line and shows nothing of the text", async () => {
  const error = await refusal("clusters:\n  dev:\n   password: hunter2\n  x: [hunter2\n");
  assert.match(error.message, /sluice\.yaml:\d+: /);
  assert.doesNotMatch(error.message, /hunter2/);
});

Deno.test("a tag is refused before the parser could print its value", async () => {
  const error = await refusal("clusters:\n  dev:\n    password: !vault hunter2\n");
  assert.match(error.message, /sluice\.yaml:3: tags/);
  assert.doesNotMatch(error.message, /hunter2/);
});

Deno.test("no secret of a wrong configuration is shown", async () => {
  const error = await refusal(`server: { token: hunter2 }
clusters:
  dev:
    type: slurm
    host: login
    auth: { password: [hunter2], keyText: { a: hunter2 }, passphrase: 7 }
`);
  assert.doesNotMatch(`${error.message}${error.next}${String(error.cause)}`, /hunter2/);
});
