import assert from "node:assert/strict";
import { environmentCluster } from "./environment.ts";
import { SluiceError } from "../model/mod.ts";

function cluster(variables: Record<string, string>) {
  return environmentCluster((name) => variables[name]);
}

function refusal(variables: Record<string, string>): SluiceError {
  try {
    cluster(variables);
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
  assert.fail("it was taken");
}

Deno.test("without SLURM_SSH_HOST there is no cluster", () => {
  assert.equal(cluster({ SLURM_SSH_USER: "a", SLURM_PRIVATE_KEY: "k" }), undefined);
  assert.equal(cluster({ SLURM_SSH_HOST: "" }), undefined);
});

Deno.test("host, port, user and key make a cluster", () => {
  const made = cluster({
    SLURM_SSH_HOST: "login",
    SLURM_SSH_PORT: "2222",
    SLURM_SSH_USER: "alice",
    SLURM_SSH_KEY: "~/.ssh/id",
  });
  assert.ok(made?.type === "slurm");
  assert.equal(made.host, "login");
  assert.equal(made.port, 2222);
  assert.equal(made.user, "alice");
  assert.deepEqual(made.auth, { keyFile: "~/.ssh/id" });
  assert.deepEqual(made.hostKeys, { policy: "strict" });
});

Deno.test("SLURM_PRIVATE_KEY is the key itself", () => {
  const made = cluster({ SLURM_SSH_HOST: "login", SLURM_PRIVATE_KEY: "-----BEGIN" });
  assert.ok(made?.type === "slurm");
  assert.deepEqual(made.auth, { keyText: "-----BEGIN" });
});

Deno.test("without a way to log in it is left to the agent and the ssh_config", () => {
  const made = cluster({ SLURM_SSH_HOST: "login" });
  assert.ok(made?.type === "slurm");
  assert.equal(made.auth, undefined);
});

Deno.test("two ways to log in are refused, naming both and telling neither secret", () => {
  const error = refusal({
    SLURM_SSH_HOST: "login",
    SLURM_SSH_KEY: "/key",
    SLURM_SSH_PASSWORD: "hunter2hunter2",
  });
  assert.equal(error.code, "CONFIG_INVALID");
  assert.match(error.message, /SLURM_SSH_KEY and SLURM_SSH_PASSWORD/);
  assert.doesNotMatch(`${error.message}${error.next}`, /hunter2/);
});

Deno.test("a wrong port names its variable", () => {
  const error = refusal({ SLURM_SSH_HOST: "login", SLURM_SSH_PORT: "ssh" });
  assert.match(error.message, /SLURM_SSH_PORT: port must be a number/);
});

Deno.test("extra options are honoured, and a variable of its own wins over them", () => {
  const made = cluster({
    SLURM_SSH_HOST: "login",
    SLURM_SSH_PORT: "3",
    SLURM_SSH_OPTS_EXTRA: "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p 4 -J hop",
  });
  assert.ok(made?.type === "slurm");
  assert.equal(made.port, 3);
  assert.deepEqual(made.hostKeys, { policy: "insecure", knownHosts: "/dev/null" });
  assert.equal(made.proxyJump, "hop");
});
