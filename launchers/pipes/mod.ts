/**
 * The protocol of Dagster Pipes, as far as the cluster's side and that of the orchestrator need it. Pure.
 *
 * @module
 */

export * from "./context.ts";
export * from "./environment.ts";
export * from "./lines.ts";
export * from "./message.ts";
