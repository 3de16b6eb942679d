/**
 * Which host names lead to this machine alone.
 *
 * @module
 */

import { isIP } from "node:net";

/** The host name of a URL or a socket without the brackets around an IPv6 address, in lower case. */
export function bareHost(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
}

/** Whether the name or address is a loopback one. */
export function isLoopback(host: string): boolean {
  const name = bareHost(host);
  return name === "localhost" || name.endsWith(".localhost") || name === "::1" ||
    (isIP(name) === 4 && name.startsWith("127."));
}

/** Whether the host is an address rather than a name. */
export function isAddress(host: string): boolean {
  return isIP(bareHost(host)) !== 0;
}
