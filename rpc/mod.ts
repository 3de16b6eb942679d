/**
 * The RPC layer: router, server, clients.
 *
 * @module
 */

export * from "./client.ts";
export * from "./errors.ts";
export type { ErrorData } from "./error_shape.ts";
export { createInProcessClient } from "./in_process.ts";
export { appRouter } from "./router.ts";
export type { RunningServer, ServeOptions } from "./server.ts";
export { serve } from "./server.ts";
