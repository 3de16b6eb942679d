/**
 * What the tests of this layer and of those above it share.
 *
 * @module
 */

export * from "./fake_sluice.ts";
export * from "./job_spec.ts";
export * from "./lasting_port.ts";
export * from "./with_server.ts";
