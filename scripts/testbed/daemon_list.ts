/**
 * Which daemons the test cluster is made of, and how each is started and known to be ready. Pure.
 *
 * @module
 */

import { TestbedError } from "./errors.ts";
import {
  CONTROLLER_NAME,
  NODES,
  SLURMCTLD_PORT,
  SLURMDBD_PORT,
  SSH_PORT,
  type TestbedLayout,
} from "./layout.ts";

/** One daemon: how to start it, and when it is ready. */
export interface DaemonSpec {
  /** `munged`, `mariadbd`, `slurmdbd`, `slurmctld`, `sshd`, or `slurmd:n1`, `sshd:n1` and so on. */
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  readonly env: Readonly<Record<string, string>>;
  /** Account that it starts as; it may drop to another one by itself. */
  readonly user: string;
  /** Host name it shall see. Default: the machine's own. */
  readonly hostname?: string;
  /** Network namespace it lives in. Default: the machine's own. */
  readonly netns?: string;
  readonly ready: DaemonReadiness;
  readonly pidFile: string;
  /** What it prints before its own log is open. */
  readonly output: string;
}

/** What shows that a daemon answers. */
export type DaemonReadiness =
  | { readonly kind: "socket"; readonly path: string }
  | { readonly kind: "port"; readonly port: number };

/** All daemons in the order in which they are started. */
export function daemonList(layout: TestbedLayout): DaemonSpec[] {
  const { etc, munge, database } = layout;
  const named = (name: string) => {
    const file = name.replace(":", "-");
    return {
      name,
      pidFile: `${layout.pids}/${file}.pid`,
      output: `${layout.log}/${file}.out`,
    };
  };
  const slurm = { SLURM_CONF: layout.slurmConf };
  return [
    {
      ...named("munged"),
      command: [
        "/usr/sbin/munged",
        "--foreground",
        `--key-file=${layout.mungeKey}`,
        `--socket=${layout.mungeSocket}`,
        `--seed-file=${munge}/munge.seed`,
        `--pid-file=${munge}/munged.pid`,
        "--num-threads=4",
      ],
      env: {},
      user: "munge",
      ready: { kind: "socket", path: layout.mungeSocket },
    },
    {
      ...named("mariadbd"),
      command: [
        "/usr/sbin/mariadbd",
        "--no-defaults",
        `--datadir=${layout.databaseFiles}`,
        `--socket=${layout.databaseSocket}`,
        `--pid-file=${database}/mariadb.pid`,
        `--init-file=${etc}/init.sql`,
        "--skip-networking",
        "--innodb-buffer-pool-size=64M",
        "--innodb-log-file-size=32M",
        "--innodb-flush-log-at-trx-commit=2",
        "--innodb-lock-wait-timeout=900",
      ],
      env: {},
      user: "mysql",
      ready: { kind: "socket", path: layout.databaseSocket },
    },
    {
      ...named("slurmdbd"),
      command: ["/usr/sbin/slurmdbd", "-D"],
      // The only way to tell slurmdbd, through MariaDB's client library, of a socket elsewhere.
      env: { ...slurm, MYSQL_UNIX_PORT: layout.databaseSocket },
      user: "root",
      hostname: CONTROLLER_NAME,
      ready: { kind: "port", port: SLURMDBD_PORT },
    },
    {
      ...named("slurmctld"),
      command: ["/usr/sbin/slurmctld", "-D", "-f", layout.slurmConf],
      env: slurm,
      user: "root",
      hostname: CONTROLLER_NAME,
      ready: { kind: "port", port: SLURMCTLD_PORT },
    },
    ...NODES.map(({ name, netns }): DaemonSpec => ({
      ...named(`slurmd:${name}`),
      command: ["/usr/sbin/slurmd", "-D", "-N", name, "-f", layout.slurmConf],
      env: slurm,
      user: "root",
      hostname: name,
      netns,
      ready: { kind: "port", port: 6818 },
    })),
    {
      ...named("sshd"),
      command: ["/usr/sbin/sshd", "-D", "-e", "-f", sshdConfPath(layout, CONTROLLER_NAME)],
      env: {},
      user: "root",
      hostname: CONTROLLER_NAME,
      ready: { kind: "port", port: SSH_PORT },
    },
    ...NODES.map(({ name, netns }): DaemonSpec => ({
      ...named(`sshd:${name}`),
      command: ["/usr/sbin/sshd", "-D", "-e", "-f", sshdConfPath(layout, name)],
      env: {},
      user: "root",
      hostname: name,
      netns,
      ready: { kind: "port", port: SSH_PORT },
    })),
  ];
}

/** The daemon of that name; raises `TESTBED_USAGE` for one that does not exist. */
export function daemonNamed(layout: TestbedLayout, name: string): DaemonSpec {
  const daemons = daemonList(layout);
  const found = daemons.find((daemon) => daemon.name === name);
  if (found === undefined) {
    throw new TestbedError(
      "TESTBED_USAGE",
      `The test cluster has no daemon "${name}".`,
      `Use one of ${daemons.map((daemon) => daemon.name).join(", ")}.`,
    );
  }
  return found;
}

/** Where the sshd_config of the controller or of a node is. */
export function sshdConfPath(layout: TestbedLayout, host: string): string {
  return `${layout.etc}/sshd_config-${host}`;
}

/**
 * The command that starts a program within a network namespace and under a host name, both optional.
 *
 * `nsenter` and not `ip netns exec`, since the latter mounts /sys anew and slurmd then finds no
 * cgroups. Every part replaces itself by the next, so that the process id stays the same.
 */
export function placed(
  command: readonly string[],
  place: { readonly netns?: string; readonly hostname?: string },
): string[] {
  const inName = place.hostname === undefined ? command : [
    "unshare",
    "--uts",
    "sh",
    "-c",
    'hostname "$0" && exec "$@"',
    place.hostname,
    ...command,
  ];
  return place.netns === undefined
    ? [...inName]
    : ["nsenter", `--net=/run/netns/${place.netns}`, ...inName];
}
