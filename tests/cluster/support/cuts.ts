/**
 * What tests that cut SSH connections have in common.
 *
 * @module
 */

/**
 * Options of a test that may cut a connection within a packet: ssh2 never finishes the decipher of such
 * a packet, and Deno counts it as open until it is collected. All other leaks are still looked for.
 */
export const CUTS_WITHIN_PACKETS = { sanitizeResources: false } as const;
