/**
 * The batch script that stands around every payload.
 *
 * @module
 */

import type { AttemptId, JobSpec } from "../model/mod.ts";
import { quotePath } from "../shell/mod.ts";
import type { ExecutionPlan } from "./plan.ts";

/** Name of the batch script in the job's directory. */
export const JOB_SCRIPT_FILE = "job.sh";

/** Exit status of a job whose working directory cannot be entered. */
export const WORKING_DIRECTORY_EXIT_CODE = 72;

/** Exit status of a second copy of a job, which runs nothing: never to be taken for a success. */
export const DUPLICATE_EXIT_CODE = 75;

/** Signals with which a scheduler or a user reaches a whole job. */
const NOTED_SIGNALS = ["HUP", "INT", "QUIT", "TERM", "USR1", "USR2", "XCPU"];

/**
 * The batch script of a job: it runs the plan once and leaves word of its start and end.
 *
 * The scheduler starts it in the job's directory as `job.sh SPOOL`. It first claims the job by a
 * symbolic link whose target is the scheduler's id, which is made in one step or not at all: should the
 * job ever be in the queue twice, the second copy finds the claim of the first and ends, with a status
 * of its own, without running anything. At the end it leaves the exit status in the job's directory
 * (`exit`, or `exit.N` for an array task) and appends one line to the spool, which a `tail` may be
 * following. A spool that cannot be written does no harm.
 *
 * Signals that the scheduler sends to the whole job are noted, not obeyed: the payload gets them too,
 * and the script lives on to record how it ended.
 */
export function jobScript(attemptId: AttemptId, spec: JobSpec, plan: ExecutionPlan): string {
  const enter = spec.workingDirectory === undefined
    ? []
    : [`  cd -- ${quotePath(spec.workingDirectory)} || exit ${WORKING_DIRECTORY_EXIT_CODE}`];
  return [
    "#!/bin/sh",
    ...plan.directives,
    `# Job ${attemptId} of Sluice: runs the payload once and records how it ended.`,
    "sluice_dir=$PWD",
    "sluice_spool=$1",
    `sluice_job=${attemptId}`,
    "sluice_id=${SLURM_ARRAY_JOB_ID:-${SLURM_JOB_ID:-}}",
    "sluice_task=${SLURM_ARRAY_TASK_ID:--}",
    "sluice_suffix=${SLURM_ARRAY_TASK_ID:+.$SLURM_ARRAY_TASK_ID}",
    "sluice_restart=${SLURM_RESTART_COUNT:-0}",
    "sluice_caught=-",
    "",
    'if ! ln -sn "$sluice_id" "$sluice_dir/claim" 2>/dev/null; then',
    '  sluice_owner=$(readlink "$sluice_dir/claim")',
    '  if [ -n "$sluice_owner" ] && [ "$sluice_owner" != "$sluice_id" ]; then',
    '    printf \'sluice: job %s already runs as %s; this copy does nothing.\\n\' "$sluice_job" "$sluice_owner" >&2',
    `    exit ${DUPLICATE_EXIT_CODE}`,
    "  fi",
    "fi",
    "",
    ...NOTED_SIGNALS.map((signal) => `trap 'sluice_caught=${signal}' ${signal}`),
    "",
    "sluice_note() {",
    '  printf \'%s %s %s %s %s %s\\n\' "$sluice_job" "$sluice_task" "$sluice_restart" "$@" >>"$sluice_spool"',
    "} 2>/dev/null",
    "",
    // What an earlier run recorded says nothing of this one.
    'rm -f "$sluice_dir/exit$sluice_suffix"',
    "sluice_started=$(date +%s)",
    'sluice_note start "$sluice_started" -',
    // A shell says "Killed" or "Terminated" of a payload that a signal ended; the payload's own output
    // must not hold that, so from here on only the payload has the job's standard error.
    "exec 3>&2 2>/dev/null",
    "(",
    "  exec 2>&3 3>&-",
    ...enter,
    ...plan.body.map((line) => `  ${line}`),
    ")",
    "sluice_code=$?",
    "sluice_ended=$(date +%s)",
    'if printf \'%s %s %s %s %s %s\\n\' "$sluice_id" "$sluice_restart" "$sluice_code" "$sluice_caught" \\',
    '  "$sluice_started" "$sluice_ended" >"$sluice_dir/.exit$sluice_suffix"; then',
    '  mv -f "$sluice_dir/.exit$sluice_suffix" "$sluice_dir/exit$sluice_suffix"',
    "fi",
    'sluice_note end "$sluice_code" "$sluice_caught"',
    'exit "$sluice_code"',
    "",
  ].join("\n");
}
