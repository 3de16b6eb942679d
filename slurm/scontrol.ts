/**
 * scontrol: the cluster's configuration, and putting jobs back into the queue.
 *
 * Source: scontrol(1), slurm.conf(5).
 *
 * @module
 */

import type { SlurmOutput } from "./text.ts";
import { fieldValue, outputLines } from "./text.ts";

/** Asks for the cluster's configuration. */
export function showConfigArguments(): string[] {
  return ["scontrol", "show", "config"];
}

/** What Sluice wants to know of a cluster's configuration. What is absent was not shown. */
export interface SlurmConfig {
  /** Slurm's release, such as `22.05.8`. */
  readonly version?: string;
  /** Name of the cluster. */
  readonly clusterName?: string;
  /** Hosts of slurmctld, the primary first. */
  readonly controllers: readonly string[];
  /** For how many seconds squeue still shows a job that has ended. */
  readonly minJobAgeSeconds?: number;
  /** The accounting plugin, such as `accounting_storage/slurmdbd`. */
  readonly accountingStorageType?: string;
  /** One more than the highest number an array task may have. */
  readonly maxArraySize?: number;
  /** How many jobs slurmctld holds at a time. */
  readonly maxJobCount?: number;
  /** Seconds between SIGTERM and SIGKILL when a job is ended. */
  readonly killWaitSeconds?: number;
  /** For how many seconds slurmctld had been running. */
  readonly upSeconds?: number;
}

function leadingNumber(text: string | undefined): number | undefined {
  const digits = /^\d{1,15}(?=\D|$)/.exec(text ?? "")?.[0];
  return digits === undefined ? undefined : Number(digits);
}

/** Both times are in seconds since the epoch where SLURM_TIME_FORMAT asks for that. */
function secondsUp(output: SlurmOutput, bootTime: string | undefined): number | undefined {
  const head = outputLines(output)[0];
  const asOf = leadingNumber(/^Configuration data as of (.*)$/.exec(head ?? "")?.[1]);
  const since = leadingNumber(bootTime);
  // A date such as 2026-11-20 begins with a number too.
  if (asOf === undefined || since === undefined || since < 1e9 || asOf < since) return undefined;
  return asOf - since;
}

/** The configuration in scontrol's output. */
export function parseShowConfig(output: SlurmOutput): SlurmConfig {
  const settings = new Map<string, string>();
  for (const line of outputLines(output)) {
    const match = /^(\w+(?:\[\d+\])?)\s*=\s?(.*)$/.exec(line);
    const value = fieldValue(match?.[2]);
    if (match?.[1] !== undefined && value !== undefined) settings.set(match[1], value);
  }
  const version = settings.get("SLURM_VERSION");
  const clusterName = settings.get("ClusterName");
  const accountingStorageType = settings.get("AccountingStorageType");
  const minJobAgeSeconds = leadingNumber(settings.get("MinJobAge"));
  const maxArraySize = leadingNumber(settings.get("MaxArraySize"));
  const maxJobCount = leadingNumber(settings.get("MaxJobCount"));
  const killWaitSeconds = leadingNumber(settings.get("KillWait"));
  const upSeconds = secondsUp(output, settings.get("BOOT_TIME"));
  return {
    ...(version === undefined ? {} : { version }),
    ...(clusterName === undefined ? {} : { clusterName }),
    controllers: [...settings].filter(([name]) => name.startsWith("SlurmctldHost[")).map((
      [, host],
    ) => host),
    ...(minJobAgeSeconds === undefined ? {} : { minJobAgeSeconds }),
    ...(accountingStorageType === undefined ? {} : { accountingStorageType }),
    ...(maxArraySize === undefined ? {} : { maxArraySize }),
    ...(maxJobCount === undefined ? {} : { maxJobCount }),
    ...(killWaitSeconds === undefined ? {} : { killWaitSeconds }),
    ...(upSeconds === undefined ? {} : { upSeconds }),
  };
}

/** Whether the cluster keeps records that sacct can show. */
export function hasAccounting(config: SlurmConfig): boolean {
  const type = config.accountingStorageType;
  return type !== undefined && /^(?:accounting_storage\/)?(?:slurmdbd|mysql)$/.test(type);
}
