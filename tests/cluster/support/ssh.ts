/**
 * What the tests of hosts over SSH share.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  connectSsh,
  type ConnectSshOptions,
  type Host,
  type SshEnvironment,
  systemEnvironment,
} from "../../../hosts/mod.ts";
import { slurmClusterSchema } from "../../../model/mod.ts";
import { requireTestbed } from "../require.ts";
import { until } from "./until.ts";

const facts = await requireTestbed();

/** What is known of the test cluster. */
export type Facts = typeof facts;
type ClusterInput = Parameters<typeof slurmClusterSchema.parse>[0] & Record<string, unknown>;

/** A test that gets the facts of the test cluster. */
export function clusterTest(
  name: string,
  body: (facts: Facts) => Promise<void>,
  options: { readonly sanitizeResources?: boolean } = {},
) {
  Deno.test({ name: `ssh: ${name}`, fn: () => body(facts), ...options });
}

/** Nothing of the user who runs the tests: no agent, no keys, no ssh_config. */
export function environment(variables: Record<string, string> = {}): SshEnvironment {
  const all: Record<string, string> = { HOME: "/nonexistent", USER: "nobody", ...variables };
  return { ...systemEnvironment, variable: (name) => all[name] };
}

/** Connects as the main account, with what is said otherwise. */
export function connect(
  { host, port, user, knownHosts, keys }: Facts,
  overrides: Record<string, unknown> = {},
  options: ConnectSshOptions = {},
): Promise<Host> {
  const input: ClusterInput = {
    type: "slurm",
    host,
    port,
    user,
    auth: { keyFile: keys.ed25519 },
    hostKeys: { knownHosts },
    ...overrides,
  };
  return connectSsh(slurmClusterSchema.parse(input), { environment: environment(), ...options });
}

/** Bytes as text. */
export const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** The account that commands run as. */
export async function whoAmI(host: Host): Promise<string> {
  return text((await host.run("id -un")).stdout).trim();
}

/** Gives a temporary directory of this machine, and removes it. */
export async function withTemporary(body: (directory: string) => Promise<void>) {
  const directory = await Deno.makeTempDir();
  try {
    await body(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** A key that is not the host's. */
export async function otherKey(directory: string): Promise<string> {
  const path = `${directory}/other`;
  await new Deno.Command("ssh-keygen", { args: ["-q", "-t", "ed25519", "-N", "", "-f", path] })
    .output();
  return (await Deno.readTextFile(`${path}.pub`)).split(" ").slice(0, 2).join(" ");
}

/** Connects through a proxy on this machine, whose address is not in known_hosts. */
export function connectThrough(
  facts: Facts,
  proxy: { readonly host: string; readonly port: number },
  overrides: Record<string, unknown> = {},
): Promise<Host> {
  return connect(facts, {
    host: proxy.host,
    port: proxy.port,
    hostKeys: { policy: "insecure" },
    ...overrides,
  });
}

/** A cut upload is cleared away by the host itself, once it notices. */
export async function untilNoRemains(host: Host): Promise<void> {
  await until("nothing partly written is left", async () => {
    const names = (await host.list(".")).map((info) => info.name);
    assert.ok(!names.includes("never-finished"));
    return !names.some((name) => name.startsWith(".sluice-"));
  }, 50);
}

/** How many file descriptors this process has; Deno itself reads /proc only with every permission. */
export async function openFiles(): Promise<number> {
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", 'set -- /proc/"$PPID"/fd/*; echo $#'],
    stdin: "null",
  }).output();
  return Number(new TextDecoder().decode(stdout));
}
