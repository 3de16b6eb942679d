/**
 * What would be sent to Slurm for a job. Pure.
 *
 * @module
 */

import {
  JOB_SCRIPT_FILE,
  jobScript,
  launch,
  PAYLOAD_FILE,
  peersFiles,
} from "../../launchers/mod.ts";
import type { PlanFile } from "../../launchers/mod.ts";
import { arrayOf, attemptId } from "../../model/mod.ts";
import type {
  AllocationTerms,
  AttemptId,
  JobId,
  JobPreview,
  JobSpec,
  Resources,
  SessionId,
} from "../../model/mod.ts";
import { commandLine, quotePath } from "../../shell/mod.ts";
import {
  expandArray,
  HeterogeneousNotSupportedError,
  sbatchArguments,
  sluiceComment,
  withDefaults,
} from "../../slurm/mod.ts";
import type { RemoteLayout } from "../layout.ts";
import { attemptPlace, jobPaths } from "../layout.ts";
import type { JobPaths, JobPlanner, SessionPlace } from "../scheduler.ts";
import { StepPlanner } from "./step_planner.ts";
import type { PlannedStep } from "./step_planner.ts";
import type { ProgramJob } from "./submit_program.ts";

/** What a planner must know of its cluster. */
export interface PlannerOptions {
  /** Where files lie on the cluster. */
  readonly layout: RemoteLayout;
  /** Tells this server's spool from those of others. */
  readonly serverId: string;
  /** Resources for jobs that do not name them. */
  readonly defaults: Resources;
  /** Largest number of an array task plus one, where the cluster has told. */
  readonly maxArraySize?: number;
}

/** Any array that Slurm could be built for; the cluster itself refuses what is above its own limit. */
const ANY_ARRAY_SIZE = 4_000_001;

/**
 * The options of the job that holds a session's allocation: it never begins anew, since its steps would, and
 * where it is to go on without a node that fails, Slurm must not end it.
 */
function allocationOptions(
  { options }: JobSpec,
  { onNodeFailure }: AllocationTerms,
): JobSpec["options"] {
  return {
    ...options,
    requeue: false,
    "no-requeue": true,
    ...(onNodeFailure === "continue" ? { "no-kill": true } : {}),
  };
}

/** Plans jobs for Slurm. */
export class SlurmPlanner implements JobPlanner {
  readonly #options: PlannerOptions;
  readonly #steps: StepPlanner;

  /** Makes a planner for one cluster. */
  constructor(options: PlannerOptions) {
    this.#options = options;
    this.#steps = new StepPlanner({ maxArraySize: ANY_ARRAY_SIZE, ...options });
  }

  /**
   * The step of a session as the program needs it that places it.
   *
   * @param standing The job whose Ray or Spark cluster it runs on. Default: none.
   */
  planStep(id: AttemptId, spec: JobSpec, sessionId: SessionId, standing?: JobId): PlannedStep {
    return this.#steps.plan(id, spec, sessionId, standing);
  }

  /** The job as the program that submits it needs it. */
  plan(id: AttemptId, spec: JobSpec): ProgramJob {
    if (spec.components !== undefined) throw new HeterogeneousNotSupportedError();
    const { layout, serverId, defaults } = this.#options;
    const place = attemptPlace(layout, serverId, id);
    const plan = launch(spec, { kind: "allocation" });
    const { payload } = spec;
    const asked = { ...spec.resources, array: arrayOf(spec) };
    const resources = withDefaults(asked, defaults, plan.directiveOptions);
    const output = resources.array === undefined ? "" : ".%a";
    return {
      attemptId: id,
      directory: place.directory,
      jobDirectory: place.jobDirectory,
      files: [
        ...plan.files,
        { name: JOB_SCRIPT_FILE, text: jobScript(id, spec, plan), executable: true },
        ...peersFiles(spec, plan),
      ],
      sbatch: sbatchArguments({
        name: spec.name,
        comment: sluiceComment(id),
        directory: ".",
        output: `stdout${output}`,
        error: `stderr${output}`,
        resources,
        options: payload.kind === "allocation" ? allocationOptions(spec, payload) : spec.options,
        ...(spec.signalBeforeLimit === undefined
          ? {}
          : { signalBeforeLimit: spec.signalBeforeLimit }),
        script: place.script,
        arguments: place.arguments,
        maxArraySize: this.#options.maxArraySize ?? ANY_ARRAY_SIZE,
      }),
    };
  }

  /** Numbers of the tasks, where the job is an array. */
  tasks(spec: JobSpec): number[] | undefined {
    const array = arrayOf(spec) ?? this.#options.defaults.array;
    return array === undefined ? undefined : expandArray(array, ANY_ARRAY_SIZE);
  }

  /** What would be sent for the first attempt at a job. */
  preview(jobId: JobId, spec: JobSpec, { session, standing }: SessionPlace = {}): JobPreview {
    const id = attemptId(jobId, 1);
    if (session !== undefined) {
      const { directory, files, entry } = this.planStep(id, spec, session, standing);
      return shown(directory, files, entry);
    }
    const { jobDirectory, files, sbatch } = this.plan(id, spec);
    return shown(jobDirectory, files, `cd ${quotePath(jobDirectory)} && ${commandLine(sbatch)}`);
  }

  /** Where the files of a job, or of one of its array tasks, lie. */
  paths(jobId: JobId, task?: number): JobPaths {
    return jobPaths(this.#options.layout, jobId, task);
  }
}

function shown(directory: string, files: readonly PlanFile[], commandLine: string): JobPreview {
  return {
    commandLine,
    script: files.find(({ name }) => name === JOB_SCRIPT_FILE)?.text ?? "",
    payload: files.find(({ name }) => name === PAYLOAD_FILE)?.text,
    directory,
  };
}
