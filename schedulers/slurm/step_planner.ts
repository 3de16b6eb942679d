/**
 * What is put into a session for one of its steps. Pure.
 *
 * @module
 */

import {
  JOB_SCRIPT_FILE,
  jobScript,
  launch,
  messageFiles,
  MOST_TASKS,
  ON_CLUSTER,
  peersFiles,
  STANDS,
  START_STEP_FILE,
  STEP_SCRIPT_FILE,
  STEP_START,
  STEP_TASKS,
  stepScript,
  SWEEP_FILE,
  taskDigits,
} from "../../launchers/mod.ts";
import type { CustomLaunchers, LaunchPlace, PlanFile } from "../../launchers/mod.ts";
import { arrayOf } from "../../model/mod.ts";
import type { AttemptId, JobId, JobSpec, Resources, SessionId } from "../../model/mod.ts";
import { commandLine } from "../../shell/mod.ts";
import {
  directiveNeeds,
  directiveWords,
  expandArray,
  STEP_OPTIONS,
  stepRequest,
  TOO_MUCH,
  withDefaults,
} from "../../slurm/mod.ts";
import type { StepRequest, StepSize } from "../../slurm/mod.ts";
import { attemptPlace } from "../layout.ts";
import type { AttemptPlace, RemoteLayout } from "../layout.ts";

/** An attempt at a step as the program needs it that places steps. */
export interface PlannedStep {
  /** The attempt. */
  readonly attemptId: AttemptId;
  /** The session. */
  readonly sessionId: SessionId;
  /** The attempt's directory; may start with `~/`. */
  readonly directory: string;
  /** Everything that lies in it. */
  readonly files: readonly PlanFile[];
  /** Numbers of the tasks, where it is an array. */
  readonly tasks?: readonly number[];
  /** Content of the entry in the session's inbox, the same for each task. */
  readonly entry: string;
}

/** What planning must know of the cluster. */
export interface StepPlannerOptions {
  /** Where files lie on the cluster. */
  readonly layout: RemoteLayout;
  /** Tells this server's spool from those of others. */
  readonly serverId: string;
  /** Resources for jobs that do not name them. */
  readonly defaults: Resources;
  /** Largest number of an array task plus one. */
  readonly maxArraySize: number;
  /** Launchers of the user's own. Default: none. */
  readonly launchers?: CustomLaunchers;
}

/** What cluster's defaults say of the size of a job; the rest is said of where its allocation comes from. */
function sizeDefaults(defaults: Resources): Resources {
  const { nodes, tasks, tasksPerNode, cpusPerTask, memory, memoryPerCpu, gpus, gpusPerNode } =
    defaults;
  return { nodes, tasks, tasksPerNode, cpusPerTask, memory, memoryPerCpu, gpus, gpusPerNode };
}

/**
 * A step that leaves the work to a cluster which stands already: it has a place beside that, and waits for
 * nothing that the cluster may hold for as long as it stands.
 */
function driverOf(spec: JobSpec): JobSpec {
  const { array, time } = spec.resources;
  return {
    ...spec,
    defaults: undefined,
    resources: { nodes: 1, tasks: 1, cpusPerTask: 1, array, time },
  };
}

/**
 * Lines that set the first of the nodes of the cluster that the step runs on: a driver finds its cluster on the
 * node that it runs on.
 */
function nearCluster(standing: JobId): string[] {
  const there = `../${standing}`;
  return [
    "sluice_near=$SLUICE_SESSION_NODELIST",
    `if [ -e ${there}/${STEP_START} ]; then read -r _ sluice_near _ <${there}/${STEP_START}; fi`,
    'sluice_near=$(scontrol show hostnames "$sluice_near" | head -n 1)',
  ];
}

/** Lines that set how many nodes the step has, and how many processors on each. */
function sizeLines(size: StepSize): string[] {
  switch (size.kind) {
    case "nodes":
      return [`sluice_nodes=${size.nodes} sluice_cpus=${size.cpusPerNode}`];
    case "tasks": {
      const { tasks, cpusPerTask } = size;
      return [
        `sluice_nodes=$(((${tasks * cpusPerTask} + SLUICE_NODE_CPUS - 1) / SLUICE_NODE_CPUS))`,
        `sluice_cpus=$(((${tasks} + sluice_nodes - 1) / sluice_nodes * ${cpusPerTask}))`,
      ];
    }
  }
}

/** Lines that refuse what would wait for ever for memory that no node of the session has. */
function memoryLines({ memoryMebibytes, memoryPerCpuMebibytes }: StepRequest): string[] {
  if (memoryMebibytes === undefined && memoryPerCpuMebibytes === undefined) return [];
  const asked = memoryMebibytes ?? `$((${memoryPerCpuMebibytes} * sluice_cpus))`;
  return [
    `sluice_memory=${asked}`,
    'if [ "$sluice_memory" -gt "${SLUICE_NODE_MEMORY:-$sluice_memory}" ]; then',
    `echo "${TOO_MUCH}it asks for $sluice_memory MiB of memory on each node, and the session has $SLUICE_NODE_MEMORY"`,
    "exit 1",
    "fi",
  ];
}

/** The words behind srun's own options: what it starts on each node. */
function startWords(
  { signalBeforeLimit: early }: JobSpec,
  { timeSeconds }: StepRequest,
  place: AttemptPlace,
): string {
  const name = place.arguments[1];
  const script = name === undefined ? STEP_SCRIPT_FILE : `${name}/${STEP_SCRIPT_FILE}`;
  return [
    `"$SLUICE_SESSION_DIR/${START_STEP_FILE}" "$1" "$2"`,
    early === undefined
      ? "- - -"
      : commandLine([early.signal, String(early.seconds), String(timeSeconds ?? "-")]),
    commandLine([`./${script}`]),
    '"$1"',
    commandLine(place.arguments),
  ].join(" ");
}

function entryText(
  spec: JobSpec,
  request: StepRequest,
  place: AttemptPlace,
  array: string | undefined,
  standing: JobId | undefined,
): string {
  const atMost = array?.split("%")[1];
  return [
    ...(atMost === undefined ? [] : [`${MOST_TASKS}${atMost}`]),
    ...(standing === undefined ? [] : [`${ON_CLUSTER}${standing}`]),
    ...(spec.payload.kind === "cluster" ? [STANDS] : []),
    "sluice_step() {",
    ...(array === undefined ? [] : ["SLURM_ARRAY_TASK_ID=${2#.}", "export SLURM_ARRAY_TASK_ID"]),
    ...(request.memoryMebibytes === undefined
      ? []
      : [`SLURM_MEM_PER_NODE=${request.memoryMebibytes}`, "export SLURM_MEM_PER_NODE"]),
    ...sizeLines(request.size),
    ...memoryLines(request),
    ...(standing === undefined ? [] : nearCluster(standing)),
    'exec "$SLUICE_SRUN" --nodes="$sluice_nodes" --ntasks="$sluice_nodes" \\',
    `  --cpus-per-task="$sluice_cpus" --task-epilog="$SLUICE_SESSION_DIR/${SWEEP_FILE}" \\`,
    `  ${commandLine(STEP_OPTIONS)} \\`,
    ...(standing === undefined ? [] : [`  --overlap --nodelist="$sluice_near" \\`]),
    `  ${commandLine(request.options)} \\`,
    `  ${startWords(spec, request, place)}`,
    "}",
    "",
  ].join("\n");
}

/** Plans steps for the sessions of one cluster. */
export class StepPlanner {
  readonly #options: StepPlannerOptions;

  /** Makes a planner for one cluster. */
  constructor(options: StepPlannerOptions) {
    this.#options = options;
  }

  /**
   * The step as the program needs it that places it.
   *
   * @param standing The job whose Ray or Spark cluster it runs on. Default: none.
   * @throws {SluiceError} It cannot be run as a step.
   */
  plan(
    attemptId: AttemptId,
    asked: JobSpec,
    sessionId: SessionId,
    standing?: JobId,
  ): PlannedStep {
    const { layout, serverId, defaults, maxArraySize, launchers } = this.#options;
    const place = attemptPlace(layout, serverId, attemptId);
    const given = standing === undefined ? asked : driverOf(asked);
    const where: LaunchPlace = {
      kind: "allocation",
      ...(standing === undefined ? {} : { standing: { directory: `../${standing}` } }),
    };
    const plan = launch(given, where, launchers);
    // No sbatch reads them here.
    const script = directiveNeeds(directiveWords(plan.directives));
    const { time } = script.resources;
    const asksFor = withDefaults(
      given.resources,
      standing === undefined ? script.resources : { time },
      Object.keys(given.options),
    );
    const resources = withDefaults(
      asksFor,
      withDefaults(sizeDefaults(given.defaults ?? {}), sizeDefaults(defaults), []),
      Object.keys({ ...script.options, ...given.options }),
    );
    const spec = { ...given, resources, options: { ...script.options, ...given.options } };
    const request = stepRequest(spec);
    const array = arrayOf(spec);
    const tasks = array === undefined ? undefined : expandArray(array, maxArraySize);
    const program = (name: string, text: string) => ({ name, text, executable: true });
    return {
      attemptId,
      sessionId,
      directory: place.directory,
      files: [
        ...plan.files,
        program(JOB_SCRIPT_FILE, jobScript(attemptId, spec, plan, { kind: "step", sessionId })),
        program(STEP_SCRIPT_FILE, stepScript(resources, plan)),
        ...peersFiles(spec, plan),
        ...messageFiles(attemptId, spec),
        ...(tasks === undefined ? [] : [{
          name: STEP_TASKS,
          text: `${tasks.map(taskDigits).join(" ")}\n`,
          executable: false,
        }]),
      ],
      ...(tasks === undefined ? {} : { tasks }),
      entry: entryText(spec, request, place, array, standing),
    };
  }
}
