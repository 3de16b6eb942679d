/**
 * The machines that a cluster's nodes are, by `scontrol show nodes`. Pure.
 *
 * Source: scontrol(1) of Slurm 22.05; `Arch` is what `uname -m` prints on the node.
 *
 * @module
 */

/** A kind of machine, and partitions with nodes of that kind. */
export interface NodeArchitecture {
  /** As `uname -m` prints it. */
  readonly machine: string;
  /** Names of partitions. */
  readonly partitions: readonly string[];
}

/**
 * The line of shell that prints {@linkcode parseNodeArchitectures}' lines, each once: a cluster may have
 * thousands of nodes. A node that has never been up is of no known kind.
 */
export const SHOW_ARCHITECTURES =
  "scontrol show nodes --oneliner | sed -n 's/^NodeName=.* Arch=\\([^ ]*\\) .* Partitions=\\([^ ]*\\) .*/node \\1 \\2/p' | sort -u";

/** The kinds of machines in what {@linkcode SHOW_ARCHITECTURES} printed; other lines are passed over. */
export function parseNodeArchitectures(output: string): NodeArchitecture[] {
  return output.split("\n").flatMap((line): NodeArchitecture[] => {
    const [, machine, partitions] = /^node (\S+) (\S+)$/.exec(line) ?? [];
    return machine === undefined || partitions === undefined
      ? []
      : [{ machine, partitions: partitions.split(",") }];
  });
}
