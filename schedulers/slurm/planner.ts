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
import type { CustomLaunchers } from "../../launchers/mod.ts";
import { arrayOf, attemptId } from "../../model/mod.ts";
import type { AttemptId, JobId, JobPreview, JobSpec, Resources } from "../../model/mod.ts";
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
import type { JobPaths, JobPlanner } from "../scheduler.ts";
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
  /** Launchers of the user's own. Default: none. */
  readonly launchers?: CustomLaunchers;
}

/** Any array that Slurm could be built for; the cluster itself refuses what is above its own limit. */
const ANY_ARRAY_SIZE = 4_000_001;

/** Plans jobs for Slurm. */
export class SlurmPlanner implements JobPlanner {
  readonly #options: PlannerOptions;

  /** Makes a planner for one cluster. */
  constructor(options: PlannerOptions) {
    this.#options = options;
  }

  /** The job as the program that submits it needs it. */
  plan(id: AttemptId, spec: JobSpec): ProgramJob {
    if (spec.components !== undefined) throw new HeterogeneousNotSupportedError();
    const { layout, serverId, defaults } = this.#options;
    const place = attemptPlace(layout, serverId, id);
    const plan = launch(spec, { kind: "allocation" }, this.#options.launchers);
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
        options: spec.options,
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
  preview(jobId: JobId, spec: JobSpec): JobPreview {
    const { jobDirectory, files, sbatch } = this.plan(attemptId(jobId, 1), spec);
    return {
      commandLine: `cd ${quotePath(jobDirectory)} && ${commandLine(sbatch)}`,
      script: files.find(({ name }) => name === JOB_SCRIPT_FILE)?.text ?? "",
      payload: files.find(({ name }) => name === PAYLOAD_FILE)?.text,
      directory: jobDirectory,
    };
  }

  /** Where the files of a job, or of one of its array tasks, lie. */
  paths(jobId: JobId, task?: number): JobPaths {
    return jobPaths(this.#options.layout, jobId, task);
  }
}
