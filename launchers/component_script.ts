/**
 * What runs the components of a heterogeneous job, each as a step on its own nodes. Pure.
 *
 * @module
 */

import { attemptParts } from "../model/mod.ts";
import type { AttemptId, Resources } from "../model/mod.ts";
import { componentDirectory, JOB_SCRIPT_FILE, jobScript } from "./job_script.ts";
import type { ScriptTerms } from "./job_script.ts";
import { BEGIN_LINK, GIVEN_UP, leaveToOwner } from "./on_record.ts";
import { peersFiles } from "./peers.ts";
import { messageFiles } from "./pipes/mod.ts";
import type { ExecutionPlan, PlanFile } from "./plan.ts";
import { NOTED_SIGNALS } from "./signals.ts";
import { STEP_SCRIPT_FILE, stepScript } from "./step_script.ts";

/** Name of the symbolic link in a component's directory whose target is the scheduler's id of its step. */
export const STEP_LINK = "step";

/**
 * What stands for the signal in the record of a component whose own script has left none: its step was ended
 * from outside, or could not be started.
 */
export const NO_WORD = "NOWORD";

/** Exit status of the batch script where nothing tells how a component ended. */
const UNTOLD_EXIT_CODE = 1;

/** What the batch script tells of the whole job where a variable of Slurm's is to tell of one component. */
const OWN_VARIABLES = [
  "SLURM_JOB_ACCOUNT",
  "SLURM_JOB_CPUS_PER_NODE",
  "SLURM_JOB_NAME",
  "SLURM_JOB_PARTITION",
  "SLURM_JOB_QOS",
  "SLURM_MEM_PER_CPU",
  "SLURM_MEM_PER_NODE",
] as const;

/**
 * Variables that tell what was asked for: those of component 0 and, with its number behind them, those of each
 * component. srun would take them for what a component's step asks for, with one task on each node; without them
 * the step has all that its component has, however unevenly that is spread.
 */
const STEP_OPTIONS = [
  "SLURM_CPUS_PER_GPU",
  "SLURM_CPUS_PER_TASK",
  "SLURM_DISTRIBUTION",
  "SLURM_GPUS",
  "SLURM_GPUS_PER_NODE",
  "SLURM_GPUS_PER_SOCKET",
  "SLURM_GPUS_PER_TASK",
  "SLURM_GPU_BIND",
  "SLURM_NNODES",
  "SLURM_NPROCS",
  "SLURM_NTASKS",
  "SLURM_NTASKS_PER_NODE",
  "SLURM_TASKS_PER_NODE",
  "SLURM_TRES_PER_TASK",
] as const;

/** The same of memory: what a component has of it on each node, its step has too. */
const MEMORY = ["SLURM_MEM_PER_CPU", "SLURM_MEM_PER_GPU", "SLURM_MEM_PER_NODE"] as const;

/**
 * The batch script of a heterogeneous job. Slurm starts it on the first node of component 0, in the job's
 * directory and with the arguments of {@linkcode jobScript}. It starts the components side by side, each as one
 * step, and waits for all of them.
 *
 * Each component's own script leaves word of its start and end. For one that could not, the batch script leaves
 * a record that says so ({@linkcode NO_WORD}). Its exit status is that of the first component that failed. A
 * component that was given up before it began is not started, nor is one, where Slurm has put the job back, whose
 * payload had come to its end before. Signals are noted, not obeyed: Slurm sends them to the components too.
 *
 * @param components How many components there are.
 */
function componentsScript(attemptId: AttemptId, components: number): string {
  const { jobId, attempt } = attemptParts(attemptId);
  const numbers = Array.from({ length: components }, (_, number) => number);
  return [
    "#!/bin/sh",
    `# Attempt ${attempt} at job ${jobId} of Sluice: runs the components of the job side by side.`,
    "sluice_dir=$PWD${2:+/$2}",
    `sluice_attempt=${attemptId}`,
    "sluice_id=${SLURM_JOB_ID:-}",
    "SLUICE_HET_JOB_ID=$sluice_id",
    `SLUICE_COMPONENTS=${components}`,
    "export SLUICE_HET_JOB_ID SLUICE_COMPONENTS",
    "",
    ...leaveToOwner(),
    "",
    `unset ${[...STEP_OPTIONS, ...MEMORY].join(" ")}`,
    // Else they would end the shells that wait for the components.
    `trap : ${NOTED_SIGNALS.join(" ")} CONT`,
    "",
    "sluice_run() {",
    `  trap : ${NOTED_SIGNALS.join(" ")} CONT`,
    "  sluice_number=$1",
    "  sluice_nodes=$2",
    "  shift 2",
    '  if { read -r _ _ _ sluice_caught _ <"$sluice_dir/exit.$sluice_number"; } 2>/dev/null; then',
    "    case $sluice_caught in",
    `      CONT | ${NO_WORD}) rm -f "$sluice_dir/exit.$sluice_number" ;;`,
    "      *) return ;;",
    "    esac",
    "  fi",
    `  if [ "$(readlink "$sluice_dir/${BEGIN_LINK}.$sluice_number" 2>/dev/null)" = ${GIVEN_UP} ]; then return; fi`,
    `  for sluice_variable in ${STEP_OPTIONS.join(" ")}; do`,
    '    unset "${sluice_variable}_HET_GROUP_$sluice_number"',
    "  done",
    "  sluice_started=$(date +%s)",
    '  srun --het-group="$sluice_number" --nodes="$sluice_nodes" --ntasks="$sluice_nodes" --ntasks-per-node=1 \\',
    // The payload's end is the component's; what the others do ends nobody.
    "    --wait=1 --kill-on-bad-exit=0 \\",
    // The payload writes its output itself, so that all of it is there when its end is told.
    '    --output=/dev/null --error="stderr.$sluice_number" --open-mode=append \\',
    `    "$sluice_dir/component-$sluice_number/${STEP_SCRIPT_FILE}" \\`,
    '    "$sluice_dir/component-$sluice_number" "$@" \\',
    '    </dev/null 2>"$sluice_dir/component-$sluice_number/srun.log"',
    "  sluice_code=$?",
    // Else nobody would read why it could not begin.
    `  if [ ! -L "$sluice_dir/${BEGIN_LINK}.$sluice_number" ]; then`,
    '    cat "$sluice_dir/component-$sluice_number/srun.log" >>"stderr.$sluice_number"',
    "  fi",
    // srun ends with 0 also where it has lost sight of what was killed: only the component itself can have succeeded.
    `  if [ "$sluice_code" = 0 ]; then sluice_code=${UNTOLD_EXIT_CODE}; fi`,
    // Only where there is none: what the component's own script has written counts.
    "  set -C",
    `  printf '%s %s %s ${NO_WORD} %s %s\\n' "$sluice_id" "\${SLURM_RESTART_COUNT:-0}" "$sluice_code" \\`,
    '    "$sluice_started" "$(date +%s)" 2>/dev/null >"$sluice_dir/exit.$sluice_number"',
    "}",
    "",
    ...numbers.map((number) =>
      `sluice_run ${number} "\${SLURM_JOB_NUM_NODES_HET_GROUP_${number}:-1}" "$@" &`
    ),
    // Signals interrupt it.
    "until wait; do :; done",
    "",
    "sluice_status=0",
    `for sluice_number in ${numbers.join(" ")}; do`,
    `  { read -r _ _ sluice_code _ <"$sluice_dir/exit.$sluice_number"; } 2>/dev/null || sluice_code=${UNTOLD_EXIT_CODE}`,
    '  if [ "$sluice_status" = 0 ]; then sluice_status=$sluice_code; fi',
    "done",
    'exit "$sluice_status"',
    "",
  ].join("\n");
}

/** Sets a variable to what Slurm says of the component alone, or unsets it where that is nothing. */
function own(variable: string, component: number): string[] {
  const ofComponent = `${variable}_HET_GROUP_${component}`;
  return [
    `if [ -n "\${${ofComponent}:-}" ]; then`,
    `  ${variable}=$${ofComponent}`,
    `  export ${variable}`,
    "else",
    `  unset ${variable}`,
    "fi",
  ];
}

/** What comes first in a component's step: its own variables, its own srun, and its output. */
function componentPreface(component: number): string[] {
  return [
    `SLUICE_COMPONENT=${component}`,
    "SLUICE_SRUN=$(command -v srun)",
    "PATH=$sluice_step_dir/bin:$PATH",
    "export SLUICE_COMPONENT SLUICE_SRUN PATH",
    ...OWN_VARIABLES.flatMap((variable) => own(variable, component)),
    'if [ "${SLURM_PROCID:-0}" = 0 ]; then',
    `  ln -sfn "$SLURM_JOB_ID_HET_GROUP_${component}.$SLURM_STEP_ID" "$sluice_step_dir/${STEP_LINK}"`,
    `  exec >>stdout.${component} 2>>stderr.${component}`,
    "fi",
  ];
}

/** srun of a component: without a word about where, its steps would run in component 0. */
const COMPONENT_SRUN = [
  "#!/bin/sh",
  "# srun whose steps run in this component of the job.",
  'exec "$SLUICE_SRUN" --het-group="$SLUICE_COMPONENT" "$@"',
  "",
].join("\n");

/** The files of one component, in its directory within the attempt's. */
export function inComponent(component: number, files: readonly PlanFile[]): PlanFile[] {
  return files.map((file) => ({ ...file, name: `${componentDirectory(component)}/${file.name}` }));
}

/** The work of one component, planned. */
export interface PlannedComponent {
  /** What its script needs of the spec. */
  readonly terms: ScriptTerms;
  /** What it asks for. */
  readonly resources: Resources;
  /** What its launcher made of its payload. */
  readonly plan: ExecutionPlan;
}

/** The files of a heterogeneous job within the attempt's directory: the batch script, and those of each component. */
export function componentFiles(
  attemptId: AttemptId,
  components: readonly PlannedComponent[],
): PlanFile[] {
  return [
    {
      name: JOB_SCRIPT_FILE,
      text: componentsScript(attemptId, components.length),
      executable: true,
    },
    ...components.flatMap(({ terms, resources, plan }, component) => {
      const script = jobScript(
        attemptId,
        terms,
        // sbatch is told them, since it reads those of the batch script alone.
        { ...plan, directives: [] },
        { kind: "component", component },
      );
      const step = stepScript(resources, plan, componentPreface(component));
      return inComponent(component, [
        ...plan.files,
        { name: JOB_SCRIPT_FILE, text: script, executable: true },
        { name: STEP_SCRIPT_FILE, text: step, executable: true },
        { name: "bin/srun", text: COMPONENT_SRUN, executable: true },
        ...peersFiles(terms, plan),
        ...messageFiles(attemptId, terms),
      ]);
    }),
  ];
}
