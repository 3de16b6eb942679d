/**
 * Why a job waits or ended, in plain words.
 *
 * Source: squeue(1), "JOB REASON CODES", slurm.schedmd.com/job_reason_codes.html, and
 * job_state_reason.c for the codes that neither lists.
 *
 * @module
 */

import type { Reason } from "../model/mod.ts";
import { explainLimit } from "./limit_reasons.ts";
import { fieldValue } from "./text.ts";

const texts: ReadonlyMap<string, string> = new Map([
  ["AccountNotAllowed", "The account may not use this partition."],
  ["AccountingPolicy", "The job breaks a rule of the cluster's accounting."],
  ["AssociationJobLimit", "The account has as many jobs as it may."],
  ["AssociationResourceLimit", "The account has reached a limit on some resource."],
  ["AssociationTimeLimit", "The account has used up its time."],
  ["BadConstraints", "No nodes can ever meet the job's constraints."],
  ["BeginTime", "The job's earliest start has not come yet."],
  ["BurstBufferOperation", "An operation on the job's burst buffer failed."],
  ["BurstBufferResources", "The job waits for space in the burst buffer."],
  ["BurstBufferStageIn", "The job's files are being copied into the burst buffer."],
  ["Cleaning", "The job was put back and its last attempt is still being cleaned up."],
  ["Constraints", "No nodes meet the job's constraints at present."],
  ["DeadLine", "The job cannot end before its deadline, or did not."],
  ["Dependency", "The job waits for another job that it depends on."],
  [
    "DependencyNeverSatisfied",
    "The job depends on another job in a way that can no longer come true; it will never start.",
  ],
  ["FedJobLock", "The job waits for the clusters of the federation to agree on it."],
  ["FrontEndDown", "No front-end node can start the job."],
  ["InactiveLimit", "The job did nothing for longer than the cluster allows."],
  ["InvalidAccount", "The job's account is not valid."],
  ["InvalidQOS", "The job's quality of service is not valid."],
  ["JobArrayTaskLimit", "As many tasks of the array run as may run at a time."],
  ["JobHeldAdmin", "An administrator holds the job."],
  ["JobHeldUser", "The job is held by its user; it starts only once it is released."],
  ["JobHoldMaxRequeue", "The job was put back too often and is held now."],
  ["JobLaunchFailure", "The job could not be started on its nodes."],
  ["Licenses", "The job waits for a license."],
  [
    "MaxMemPerLimit",
    "The job asks for more memory on a node or for a CPU than the cluster allows.",
  ],
  ["MaxRequeue", "The job was put back as often as the cluster allows."],
  ["NodeDown", "A node that the job needs is down."],
  ["NonZeroExitCode", "The job ended with an exit code other than 0."],
  ["OutOfMemory", "The job used more memory than it asked for."],
  ["PartitionConfig", "The job asks for something that its partition does not allow."],
  ["PartitionDown", "The partition is down."],
  ["PartitionInactive", "The partition starts no jobs at present."],
  ["PartitionNodeLimit", "The job asks for more or fewer nodes than its partition can give."],
  ["PartitionTimeLimit", "The job's time limit is longer than its partition allows."],
  ["PowerNotAvail", "There is not enough electrical power for the job."],
  ["PowerReserved", "The electrical power that the job needs is reserved."],
  ["Priority", "Jobs of higher priority come first."],
  ["Prolog", "The cluster prepares the job's start."],
  ["QOSJobLimit", "As many jobs of this quality of service run as may."],
  ["QOSNotAllowed", "The quality of service may not be used in this partition or by this account."],
  ["QOSResourceLimit", "The quality of service has reached a limit on some resource."],
  ["QOSTimeLimit", "The quality of service has used up its time."],
  ["QOSUsageThreshold", "The account's use is above what the quality of service allows."],
  ["RaisedSignal", "The job was ended by a signal."],
  [
    "ReqNodeNotAvail",
    "A node that the job asks for by name is in use, reserved, down or drained.",
  ],
  ["Reservation", "The job waits for its reservation to begin."],
  ["ReservationDeleted", "The job's reservation was deleted; the job is held."],
  ["ReservationInvalid", "The job's reservation is not valid."],
  ["Resources", "The job waits for nodes to become free."],
  ["SchedDefer", "The job wants to start at once, which the cluster does not do."],
  ["SystemFailure", "Slurm, a file system or the network failed."],
  ["TimeLimit", "The job reached its time limit."],
  [
    "Nodes_required_for_job_are_DOWN,_DRAINED_or_reserved_for_jobs_in_higher_priority_partitions",
    "The nodes that the job needs are down, drained, or kept for jobs in partitions of higher priority.",
  ],
  ["launch_failed_requeued_held", "The job could not be started on its nodes, and is held now."],
  [
    "user_env_retrieval_failed_requeued_held",
    "The user's environment could not be loaded for the job, which is held now.",
  ],
  [
    "job_requeued_in_held_state",
    "The job was put back into the queue and is held; it starts only once it is released.",
  ],
  [
    "job_requeued_in_special_exit_state",
    "The job was put back by the site's rules and is held until someone looks at it.",
  ],
]);

/**
 * What a reason that squeue or sacct shows means.
 *
 * Codes in parentheses, with details after a comma or in brackets, and Slurm's longer texts with blanks
 * or underscores are understood too. A code that is not known explains itself as far as it can.
 *
 * @returns `undefined` where there is no reason: `None`, `(null)`, or nothing.
 */
export function explainReason(code: string): Reason | undefined {
  const bare = fieldValue(fieldValue(code)?.replace(/^\((.*)\)$/s, "$1"));
  if (bare === undefined) return undefined;
  const normal = bare.replaceAll(" ", "_");
  const word = /^\w+/.exec(bare)?.[0] ?? bare;
  const text = texts.get(normal) ?? explainLimit(word) ?? texts.get(word);
  if (text === undefined) return { code: bare, text: `Slurm gives the reason "${bare}".` };
  const nodes = /Unavailable(?:Nodes)?:([^\s)]+)/.exec(bare)?.[1];
  return { code: bare, text: nodes === undefined ? text : `${text} Not available: ${nodes}.` };
}
