/** Where the test cluster is, directly or behind a proxy, and how to log in. */
export interface Address {
  /** Host name or address. */
  readonly host: string;
  /** Port of its sshd. */
  readonly port: number;
  /** Login name. */
  readonly user: string;
  /** Path of the private key. */
  readonly keyFile: string;
  /** Path of a known_hosts file that has the host's keys under this name and port. */
  readonly knownHosts: string;
}

/**
 * The words of an OpenSSH command line up to the remote command.
 *
 * @param options Further options as ssh_config(5) has them, such as `ControlMaster=no`.
 */
export function sshWords(
  { host, port, user, keyFile, knownHosts }: Address,
  options: readonly string[] = [],
): string[] {
  const settings = [
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    `UserKnownHostsFile=${knownHosts}`,
    "IdentitiesOnly=yes",
    "LogLevel=ERROR",
    ...options,
  ];
  return [
    ...["ssh", "-F", "none", "-i", keyFile, "-p", String(port)],
    ...settings.flatMap((setting) => ["-o", setting]),
    `${user}@${host}`,
  ];
}
