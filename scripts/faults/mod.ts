/**
 * Faults on the real test cluster, and the judge of what they leave behind.
 *
 * @module
 */

export { FAULTS } from "./fault_list.ts";
export type { Fault } from "./fault.ts";
export { isClean } from "./report.ts";
export type { FaultResult, Totals } from "./report.ts";
export { runFaults } from "./run.ts";
export type { RunSettings } from "./run.ts";
