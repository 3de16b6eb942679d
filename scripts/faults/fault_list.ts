/**
 * All faults.
 *
 * @module
 */

import type { Fault } from "./fault.ts";
import { clockStep } from "./faults/clock_step.ts";
import { cutAll } from "./faults/cut_all.ts";
import { cutSubmission } from "./faults/cut_submission.ts";
import { slurmctld, slurmdbd, sshd } from "./faults/daemons.ts";
import { journalDiskFull } from "./faults/journal_disk_full.ts";
import { killSluice } from "./faults/kill_sluice.ts";
import { nodeLink } from "./faults/node_link.ts";
import { remoteDiskFull } from "./faults/remote_disk_full.ts";
import { requeue } from "./faults/requeue.ts";
import { slowLink } from "./faults/slow_link.ts";

/** Everything that can be broken. */
export const FAULTS: readonly Fault[] = [
  cutSubmission,
  cutAll,
  killSluice,
  slurmctld,
  slurmdbd,
  sshd,
  nodeLink,
  requeue,
  remoteDiskFull,
  clockStep,
  journalDiskFull,
  slowLink,
];
