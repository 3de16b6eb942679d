/**
 * Hosts over SSH by the OpenSSH client of this machine.
 *
 * @module
 */

export * from "./connect_openssh.ts";
export * from "./openssh_errors.ts";
