/**
 * The SSH side of the test cluster as text: sshd_config, known_hosts, profiles.
 *
 * @module
 */

import { ACCOUNTS, NOISY_ACCOUNT, SSH_PORT, type TestbedLayout } from "./layout.ts";

/** What differs between the sshd of the controller and those of the nodes. */
export interface SshdPlace {
  /** Address to listen on. */
  readonly address: string;
  /** Paths of the private host keys to offer. */
  readonly hostKeys: readonly string[];
}

/**
 * `sshd_config` (sshd_config(5), OpenSSH 9.2).
 *
 * `SetEnv` is what makes plain `squeue` work in a session although the cluster's slurm.conf is not in
 * /etc. `MaxSessions 10` is OpenSSH's default, written out because Sluice must live with it.
 */
export function sshdConf(layout: TestbedLayout, place: SshdPlace): string {
  return [
    `Port ${SSH_PORT}`,
    `ListenAddress ${place.address}`,
    ...place.hostKeys.map((path) => `HostKey ${path}`),
    "PidFile none",
    "LogLevel VERBOSE",
    "UsePAM no",
    `AllowUsers ${ACCOUNTS.map(({ name }) => name).join(" ")}`,
    "PermitRootLogin no",
    "PubkeyAuthentication yes",
    "AuthorizedKeysFile .ssh/authorized_keys",
    "PasswordAuthentication yes",
    "KbdInteractiveAuthentication no",
    "LoginGraceTime 30",
    "MaxAuthTries 6",
    "MaxSessions 10",
    "MaxStartups 200:30:400",
    "AllowTcpForwarding yes",
    "X11Forwarding no",
    "UseDNS no",
    "PrintMotd no",
    "PrintLastLog no",
    "Subsystem sftp internal-sftp",
    `SetEnv SLURM_CONF=${layout.slurmConf}`,
    `Match User ${NOISY_ACCOUNT}`,
    `  Banner ${bannerPath(layout)}`,
    "",
  ].join("\n");
}

/** Where the noisy account's login banner is. */
export function bannerPath(layout: TestbedLayout): string {
  return `${layout.etc}/banner`;
}

/** The noisy account's login banner. */
export function bannerText(): string {
  return "*** Authorised use only. PENDING maintenance on Tuesday: COMPLETED jobs are kept. ***\n";
}

/** A profile that prints to both streams, with words that a careless parser takes for job states. */
export function noisyProfile(file: string): string {
  return [
    `echo "Welcome to the cluster (from ${file})"`,
    `echo "JOBID STATE 1 RUNNING"`,
    `echo "warning: your quota is nearly used up (from ${file})" >&2`,
    "",
  ].join("\n");
}

/**
 * A `known_hosts` file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT) for hosts on {@linkcode SSH_PORT}.
 * `publicKeys` are lines as in a `.pub` file; the trailing comment of each is left out.
 */
export function knownHosts(
  hosts: readonly { readonly address: string; readonly publicKeys: readonly string[] }[],
): string {
  return hosts.flatMap(({ address, publicKeys }) =>
    publicKeys.map((line) => {
      const [type = "", key = ""] = line.trim().split(/\s+/);
      return `[${address}]:${SSH_PORT} ${type} ${key}\n`;
    })
  ).join("");
}
