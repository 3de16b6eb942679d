/**
 * A real Slurm cluster on one machine, for tests: four nodes with their own addresses, accounting, and
 * an sshd to log in to.
 *
 * @module
 */

export { freezeDaemon, setMinJobAge, withoutAccounting } from "./conditions.ts";
export { dropSessions, onCluster, saveController, startDaemon, stopDaemon } from "./control.ts";
export type { ClusterCommandOptions } from "./control.ts";
export { runScript } from "./command.ts";
export type { CommandResult } from "./command.ts";
export type { StopOptions } from "./daemons.ts";
export { takeDown } from "./down.ts";
export { TestbedError } from "./errors.ts";
export type { TestbedErrorCode } from "./errors.ts";
export { readTestbed, testbedFactsSchema } from "./facts.ts";
export type { TestbedFacts } from "./facts.ts";
export { layoutFromEnvironment, nodeNamed, testbedLayout } from "./layout.ts";
export type { TestbedLayout } from "./layout.ts";
export { setNodeLink } from "./network.ts";
export { ensurePackages, installPackages } from "./packages.ts";
export type { NeededProgram } from "./packages.ts";
export type { Progress } from "./progress.ts";
export { pipEnvironment, pythonTool, userCache } from "./python_tool.ts";
export { testbedStatus } from "./status.ts";
export type { TestbedStatus } from "./status.ts";
export { bringUp } from "./up.ts";
