/**
 * What the tests of hosts over OpenSSH share.
 *
 * @module
 */

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

/** What a connection consists of on this machine. */
export interface Traces {
  /** Processes that are there for it, by their ids. */
  readonly processIds: readonly string[];
  /** Its private directory, where there is one. */
  readonly directory: string | undefined;
  /** Id of the process that holds it, where there is one. */
  readonly masterId: string | undefined;
}

/** The traces of the one connection that this process or a child of it has. */
export async function traces(): Promise<Traces> {
  // The supervisor is a shell, whose script begins like this.
  const lines = (await descendants()).filter((line) =>
    /^\d+ +(?:ssh |\S*sh -c exec 2>&1 )/.test(line)
  );
  const [, masterId, directory] = /^(\d+) +ssh -S (\S+)\/s -N /m.exec(lines.join("\n")) ?? [];
  return { processIds: lines.map((line) => line.split(" ")[0] ?? ""), directory, masterId };
}

/** What is left of them: lines of `ps`, and the directory. */
export async function remains({ processIds, directory }: Traces): Promise<string[]> {
  const printed = await runScript(
    "ps",
    `ps -o stat=,pid=,args= -p "$1" | sed '/^Z/d'; ls -d "$2" 2>/dev/null || :`,
    [processIds.join(","), directory ?? "/nonexistent"],
  );
  return printed.split("\n").filter((line) => line !== "");
}
