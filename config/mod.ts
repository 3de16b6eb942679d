/**
 * The configuration: `sluice.yaml` and the environment.
 *
 * @module
 */

export type { Environment } from "./environment.ts";
export { configVariables, environmentCluster, environmentClusterName } from "./environment.ts";
export * from "./errors.ts";
export type { LoadConfigOptions } from "./load.ts";
export { loadConfig } from "./load.ts";
export * from "./schema.ts";
export type { Token, TokenSource } from "./token.ts";
export { ensureToken, readToken, tokenPath } from "./token.ts";
