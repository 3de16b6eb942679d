/**
 * The batch script that stands around every payload.
 *
 * @module
 */

import { attemptParts } from "../model/mod.ts";
import type { AttemptId, Component, JobSpec, SessionId } from "../model/mod.ts";
import { quotePath } from "../shell/mod.ts";
import { BEGIN_LINK, leaveToOwner, putOnRecord } from "./on_record.ts";
import { afterOutputs, beforeOutputs } from "./output_lines.ts";
import { endPeers, startPeers } from "./peers.ts";
import { messageLines } from "./pipes/mod.ts";
import type { ExecutionPlan } from "./plan.ts";
import { catchSignals, FORGET_WAKING, TERMINATED_EXIT_CODE, whilePassingOn } from "./signals.ts";
import { softwareLines } from "./software.ts";
import { bashrcLines, beforeLines, scriptShell, withAfter } from "./user_commands.ts";
import { makeWakes, noteWakes, whileWoken } from "./wakes.ts";

/** Name of the batch script in the attempt's directory. */
export const JOB_SCRIPT_FILE = "job.sh";

/** Exit status of a job whose working directory cannot be entered. */
export const WORKING_DIRECTORY_EXIT_CODE = 72;

/** Where the script of an attempt is started. */
export type JobPlace =
  /** By the scheduler, as a batch script. */
  | { readonly kind: "batch" }
  /** In a session, by {@linkcode stepScript} on the first of the step's nodes. */
  | { readonly kind: "step"; readonly sessionId: SessionId }
  /** As a component of a heterogeneous job, by {@linkcode stepScript} on the first of its nodes. */
  | { readonly kind: "component"; readonly component: number };

/** Name of the directory, within the attempt's, of what belongs to one component alone. */
export function componentDirectory(component: number): string {
  return `component-${component}`;
}

/** The id that a step of a session is known by, wherever and whenever it runs in it. */
export function stepId(sessionId: SessionId): string {
  return `step:${sessionId}`;
}

/** What the script needs of a job's spec, or of that of one component. */
export type ScriptTerms =
  & Pick<JobSpec, "software" | "outputs" | "before" | "after" | "bashrc">
  & {
    /** The job's name, or the component's own; told to a payload that sends messages. */
    readonly name: string;
    readonly messages?: JobSpec["messages"] | undefined;
    readonly workingDirectory?: JobSpec["workingDirectory"] | undefined;
    /** See the spec; of a step and of a component Slurm signals all processes itself. */
    readonly signalBeforeLimit?: JobSpec["signalBeforeLimit"];
  };

/**
 * What the script needs of a component's work, or of a job's that nothing tells of its time limit.
 *
 * @param jobName The name of the job that it is part of.
 */
export function scriptTerms(
  { software, outputs, before, after, bashrc, messages, workingDirectory, ...work }: Component,
  jobName: string,
): ScriptTerms {
  const { name = jobName } = work;
  return { name, software, outputs, before, after, bashrc, messages, workingDirectory };
}

/** How the script learns which run of which job it is, by where it is started. */
function identity(place: JobPlace): string[] {
  switch (place.kind) {
    case "batch":
      return [
        "sluice_id=${SLURM_ARRAY_JOB_ID:-${SLURM_JOB_ID:-}}",
        "sluice_run=$sluice_id",
        "sluice_task=${SLURM_ARRAY_TASK_ID:--}",
        "sluice_suffix=${SLURM_ARRAY_TASK_ID:+.$SLURM_ARRAY_TASK_ID}",
      ];
    case "step":
      return [
        `sluice_id=${stepId(place.sessionId)}`,
        // Each start of a step has a number of its own, so that only one of them can put itself on record.
        "sluice_run=$SLURM_JOB_ID.$SLURM_STEP_ID",
        "sluice_task=${SLURM_ARRAY_TASK_ID:--}",
        "sluice_suffix=${SLURM_ARRAY_TASK_ID:+.$SLURM_ARRAY_TASK_ID}",
      ];
    case "component":
      return [
        "sluice_id=$SLUICE_HET_JOB_ID",
        "sluice_run=$sluice_id",
        `sluice_task=${place.component}`,
        `sluice_suffix=.${place.component}`,
      ];
  }
}

/**
 * The batch script of an attempt: it runs the plan once and leaves word of its start and end.
 *
 * The scheduler starts it in the job's directory as `job.sh SPOOL [DIRECTORY]`, where DIRECTORY is the
 * attempt's own below the job's, if it has one. Should the attempt ever be in the queue twice, the copy whose
 * id is not the one on record ends, with a status of its own, without running anything: so does one that
 * cannot be put on record ({@linkcode leaveToOwner}). It then makes the link {@linkcode BEGIN_LINK}, in one
 * step or not at all: whoever gives the attempt up makes it too, and only one of them can. At the end the
 * script appends one line to the spool, which a `tail` may be following, and leaves the exit status in the
 * attempt's directory (`exit`, or `exit.N` for an array task). A spool that cannot be written does no harm.
 *
 * Signals that the scheduler sends to the whole job are noted, not obeyed: the payload gets them too,
 * and the script lives on to record how it ended. SIGCONT is recorded before all others: Slurm wakes every
 * process of a job before it tells any to end, so without it nothing but the payload itself, or somebody's
 * signal, ended the job. The signal before the time limit reaches the script alone, which passes it on; a
 * payload that is sent the same signal by other means gets it twice.
 */
export function jobScript(
  attemptId: AttemptId,
  spec: ScriptTerms,
  plan: ExecutionPlan,
  place: JobPlace = { kind: "batch" },
): string {
  const { jobId, attempt } = attemptParts(attemptId);
  const early = place.kind === "batch" ? spec.signalBeforeLimit?.signal : undefined;
  const wakes = plan.wakes === true;
  const records = recordsVariable(place);
  const outputs = {
    outputs: spec.outputs,
    workingDirectory: spec.workingDirectory,
    component: place.kind === "component" ? place.component : undefined,
  };
  const hasPeers = place.kind === "batch" && plan.peers !== undefined;
  const enter = spec.workingDirectory === undefined
    ? []
    : [`cd -- ${quotePath(spec.workingDirectory)} || exit ${WORKING_DIRECTORY_EXIT_CODE}`];
  const payload = [
    "(",
    `  exec 2>&3 3>&-${early === undefined ? "" : " 5>&- 6<&-"}`,
    // What was told to end before it began would not hear of it again until it is killed.
    `  if [ "$sluice_caught" = TERM ]; then exit ${TERMINATED_EXIT_CODE}; fi`,
    ...[
      ...bashrcLines(spec.bashrc),
      ...softwareLines(spec.software),
      ...enter,
      ...beforeLines(spec.before),
      ...withAfter(plan.body, spec.after),
    ].map((line) => `  ${line}`),
    ")",
  ];
  return [
    early === undefined ? `#!${scriptShell(spec)}` : "#!/bin/bash",
    ...plan.directives,
    `# Attempt ${attempt} at job ${jobId} of Sluice: runs the payload once and records how it ended.`,
    `${records}=$PWD\${2:+/$2}`,
    ...ownDirectory(place, plan, spec),
    "sluice_spool=$1",
    `sluice_attempt=${attemptId}`,
    ...identity(place),
    "sluice_restart=${SLURM_RESTART_COUNT:-0}",
    "sluice_caught=-",
    "sluice_woken=",
    ...(plan.srun === true ? ["sluice_srun=$(command -v srun) || sluice_srun=srun"] : []),
    `SLUICE_JOB_ID=${jobId}`,
    `SLUICE_ATTEMPT=${attempt}`,
    "SLUICE_JOB_DIRECTORY=$PWD",
    "export SLUICE_JOB_ID SLUICE_ATTEMPT SLUICE_JOB_DIRECTORY",
    "",
    ...leaveToOwner(records),
    "",
    // A later run of the same, and no other, finds the link that an earlier one made.
    ...putOnRecord(records, `${BEGIN_LINK}$sluice_suffix`, "sluice_run", "it"),
    "",
    ...catchSignals(early),
    ...(wakes ? [...makeWakes(), ...noteWakes()] : []),
    "",
    "sluice_note() {",
    '  printf \'%s %s %s %s %s %s\\n\' "$sluice_attempt" "$sluice_task" "$sluice_restart" "$@" >>"$sluice_spool"',
    "} 2>/dev/null",
    "",
    // What an earlier run recorded says nothing of this one.
    `rm -f "$${records}/exit$sluice_suffix"${
      plan.returns === true ? ' "$SLUICE_JOB_DIRECTORY/result$sluice_suffix"' : ""
    }`,
    ...messageLines(spec, "$sluice_dir"),
    ...beforeOutputs(outputs),
    "sluice_started=$(date +%s)",
    'sluice_note start "$sluice_started" -',
    // A shell says "Killed" or "Terminated" of a payload that a signal ended; the payload's own output
    // must not hold that, so from here on only the payload has the job's standard error.
    "exec 3>&2 2>/dev/null",
    ...(hasPeers ? startPeers() : []),
    ...inItsWay(payload, early !== undefined, wakes),
    ...afterOutputs(outputs),
    // Before any other program is started, so that whoever listens hears of it at once.
    'sluice_note end "$sluice_code" "$sluice_caught"',
    "sluice_ended=$(date +%s)",
    ...(hasPeers ? endPeers() : []),
    // Slurm's signals are sent by several of its threads, so that the first of them may come last.
    'if [ "$sluice_caught$sluice_woken" = TERM ]; then sleep 1; fi',
    ...(early === undefined ? [] : FORGET_WAKING),
    'if [ -n "$sluice_woken" ]; then sluice_caught=CONT; fi',
    'if printf \'%s %s %s %s %s %s\\n\' "$sluice_id" "$sluice_restart" "$sluice_code" "$sluice_caught" \\',
    `  "$sluice_started" "$sluice_ended" >"$${records}/.exit$sluice_suffix"; then`,
    `  mv -f "$${records}/.exit$sluice_suffix" "$${records}/exit$sluice_suffix"`,
    "fi",
    'exit "$sluice_code"',
    "",
  ].join("\n");
}

/** Runs the payload in the way that its signals want, and leaves its status in `sluice_code`. */
function inItsWay(payload: readonly string[], passesOn: boolean, wakes: boolean): string[] {
  if (passesOn) return whilePassingOn(payload);
  return wakes ? whileWoken(payload) : [...payload, "sluice_code=$?"];
}

/**
 * The variable of the attempt's directory, where the records are. `$sluice_dir` is that of the plan's files, which
 * a component has for itself.
 */
function recordsVariable(place: JobPlace): string {
  return place.kind === "component" ? "sluice_attempt_dir" : "sluice_dir";
}

/** The directory of the plan's files, where that is another than that of the records and the plan names it. */
function ownDirectory(
  place: JobPlace,
  { body }: ExecutionPlan,
  { messages }: Pick<ScriptTerms, "messages">,
): string[] {
  const named = messages !== undefined || body.some((line) => line.includes("sluice_dir"));
  return place.kind === "component" && named
    ? [`sluice_dir=$${recordsVariable(place)}/${componentDirectory(place.component)}`]
    : [];
}
