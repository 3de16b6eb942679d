/**
 * The launcher for Ray.
 *
 * @module
 */

import type { RayLauncherSpec } from "../model/mod.ts";
import { quote } from "../shell/mod.ts";
import { parseMemory } from "../slurm/mod.ts";
import { payloadCommand, withEnvironment } from "./bash.ts";
import type { PayloadCommand } from "./bash.ts";
import { PayloadNotLaunchableError } from "./errors.ts";
import type { ExecutionPlan, Launcher, LaunchPlace, Work } from "./plan.ts";
import { RAY_PROGRAM, RAY_SUPERVISOR_FILE } from "./ray/program.ts";

/** Exit status of a job without Python; the supervisor has the same for one without Ray. */
const PYTHON_MISSING_EXIT_CODE = 69;

/** Ends the job where there is no Python. */
const needsPython = (environment: Work["environment"]) => [
  `if ! ${withEnvironment(environment, "sh", "-c 'command -v python3'")} >/dev/null; then`,
  "  echo 'sluice: ray: there is no python3 on PATH: name the software that brings it' >&2",
  `  exit ${PYTHON_MISSING_EXIT_CODE}`,
  "fi",
];

/** What the supervisor is told in all of its modes, by the names that it has for them. */
function options(spec: RayLauncherSpec, place: LaunchPlace) {
  return {
    place: place.kind,
    port: spec.port,
    cpus: spec.cpusPerNode,
    gpus: spec.gpusPerNode,
    objectStoreBytes: spec.objectStoreMemory === undefined
      ? undefined
      : parseMemory(spec.objectStoreMemory),
    dashboard: spec.dashboard,
    dashboardPort: spec.dashboardPort,
    headArguments: spec.headArguments,
    workerArguments: spec.workerArguments,
    headTimeoutSeconds: spec.headTimeoutSeconds,
    workersTimeoutSeconds: spec.workersTimeoutSeconds,
    graceSeconds: spec.graceSeconds,
  };
}

/**
 * Commands that become the supervisor, with words that are quoted for the shell. Ray hands its own variables on
 * to what runs in it, so that it gets those of the payload.
 */
function supervise(
  environment: Work["environment"],
  mode: string,
  told: object,
  words: readonly string[],
): string[] {
  const all = [
    `"$sluice_dir"/${RAY_SUPERVISOR_FILE}`,
    mode,
    quote(JSON.stringify(told)),
    ...words.filter((word) => word !== ""),
  ];
  return [
    ...needsPython(environment),
    `exec ${withEnvironment(environment, "python3", `-B ${all.join(" ")}`)}`,
  ];
}

const NOTHING: PayloadCommand = { files: [], command: "", directives: [], directiveOptions: [] };

/** The command that runs beside Ray: none where Ray itself is what is wanted. */
function commandOf({ payload, ...work }: Work): PayloadCommand {
  switch (payload.kind) {
    case "script":
    case "remote_script":
    case "function":
    case "command":
      return payloadCommand(payload, { ...work, environment: {} });
    case "cluster":
      return NOTHING;
    case "allocation":
      throw new PayloadNotLaunchableError(payload.kind, "ray");
  }
}

/**
 * Starts Ray across the nodes of the job, or on this machine where there is no scheduler, then the payload with
 * RAY_ADDRESS set. Ray's temporary directory is on each node's own disk; its logs are kept in the attempt's
 * directory as `ray-logs.NODE`, and the file `cluster` there says where it is while it runs.
 *
 * A payload of the kind `cluster` is Ray alone, until the job is cancelled. With an address, or with a cluster
 * that stands already, no Ray is started.
 *
 * The job ends with the payload's exit status. Where the payload could not run, it is 69 without Python or Ray,
 * 70 where the head did not come up, 71 where not all workers did, and 68 where no Ray answers at the address.
 */
export const rayLauncher: Launcher = {
  plan(work: Work, place: LaunchPlace): ExecutionPlan {
    if (work.launcher.kind !== "ray") throw new PayloadNotLaunchableError(work.payload.kind, "ray");
    const spec = work.launcher;
    const { command, files, ...directives } = commandOf(work);
    const standing = place.standing?.directory;
    const plan = { files: [...files, ...RAY_PROGRAM], ...directives };
    if (work.payload.kind !== "cluster" && (standing ?? spec.address) !== undefined) {
      const { headTimeoutSeconds, workersTimeoutSeconds } = spec;
      const told = {
        ...(standing === undefined ? { address: spec.address } : { standing }),
        headTimeoutSeconds,
        workersTimeoutSeconds,
      };
      return { ...plan, body: supervise(work.environment, "connect", told, [command]) };
    }
    const told = options(spec, place);
    return {
      ...plan,
      body: [
        "case $sluice_spool in /*) ;; *) sluice_spool=$SLUICE_JOB_DIRECTORY/$sluice_spool ;; esac",
        ...supervise(work.environment, "head", told, [
          '"$sluice_dir"',
          '"$sluice_spool"',
          '"$sluice_attempt $sluice_task $sluice_restart ready 0 -"',
          command,
        ]),
      ],
      ...(place.kind === "host"
        ? {}
        : { peers: supervise(work.environment, "worker", told, ['"$sluice_dir"']) }),
    };
  },
};
