/**
 * Hosts over SSH.
 *
 * @module
 */

export * from "./connect_ssh.ts";
export * from "./environment.ts";
export * from "./ssh_errors.ts";
