/**
 * Sluice runs work on Slurm clusters from TypeScript: supervised actors submit, follow and cancel jobs
 * over SSH, and clients reach them in this process or through a typed RPC client.
 *
 * @module
 */

export * from "./actors/mod.ts";
export * from "./config/mod.ts";
export {
  bashLauncher,
  payloadCommand,
  PayloadNotLaunchableError,
  UnknownLauncherError,
} from "./launchers/mod.ts";
export type {
  CommandTerms,
  ExecutionPlan,
  Launcher,
  LaunchPlace,
  PayloadCommand,
  PlanFile,
  RunnablePayload,
  Work,
} from "./launchers/mod.ts";
export * from "./model/mod.ts";
export * from "./rpc/mod.ts";
export type { CollectedOutput, FetchedOutput, FetchProgress } from "./transfers/mod.ts";
export { commandLine, quote, quotePath } from "./shell/mod.ts";
