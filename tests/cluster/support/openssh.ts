/**
 * What the tests of hosts over OpenSSH share.
 *
 * @module
 */

import assert from "node:assert/strict";
import { connectOpenSsh, type Host } from "../../../hosts/mod.ts";
import { slurmClusterSchema } from "../../../model/mod.ts";
import { runScript } from "../../../scripts/testbed/mod.ts";
import { environment, type Facts } from "./ssh.ts";

/** Connects over OpenSSH as the main account, with what is said otherwise. */
export function connect(
  facts: Facts,
  overrides: Record<string, unknown> = {},
  options: Parameters<typeof connectOpenSsh>[1] = {},
): Promise<Host> {
  const { host, port, user, knownHosts, keys } = facts;
  const config = slurmClusterSchema.parse({
    type: "slurm",
    transport: "openssh",
    host,
    port,
    user,
    auth: { keyFile: keys.ed25519 },
    hostKeys: { knownHosts },
    sshConfig: false,
    ...overrides,
  });
  return connectOpenSsh(config, { environment: environment(), ...options });
}

/** Processes that this one has started, and theirs, each `pid arguments`. */
async function descendants(): Promise<string[]> {
  const printed = await runScript(
    "ps",
    `ps -e -o pid=,ppid=,args= | awk -v root="$1" -v self="$$" '
      { pid = $1; parent[pid] = $2; $1 = ""; $2 = ""; args[pid] = $0 }
      END {
        for (pid in parent) {
          above = pid
          while (above in parent && above != self && above != root) above = parent[above]
          if (above == root && pid != root) print pid args[pid]
        }
      }'`,
    [String(Deno.pid)],
  );
  return printed.split("\n").filter((line) => line !== "");
}

/** Processes of our own that are of the transport. */
export async function sshProcesses(): Promise<string[]> {
  return (await descendants()).filter((line) => /sluice-ssh|ssh -S|ControlMaster/.test(line));
}

/** Kills the one connection that stands. */
export async function endMaster(): Promise<void> {
  const master = (await descendants()).find((line) => /^\d+ +ssh -S /.test(line));
  assert.ok(master !== undefined, "there is no master");
  await runScript("kill", 'kill -s KILL "$1"', [master.split(" ")[0] ?? ""]);
}

/** The directories in which sockets of masters lie, of whomever. */
export async function privateDirectories(): Promise<string[]> {
  const printed = await runScript(
    "ls",
    'ls -d "${TMPDIR:-/tmp}"/sluice-ssh.* 2>/dev/null || :',
    [],
  );
  return printed.split("\n").filter((line) => line !== "");
}
