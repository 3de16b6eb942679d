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
