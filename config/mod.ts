/**
 * The configuration: `sluice.yaml` and the environment.
 *
 * @module
 */

export * from "./schema.ts";
