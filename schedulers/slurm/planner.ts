/**
 * What would be sent to Slurm for a job. Pure.
 *
 * @module
 */

import {
  componentFiles,
  JOB_SCRIPT_FILE,
  jobScript,
  launch,
  messageFiles,
  peersFiles,
  scriptTerms,
} from "../../launchers/mod.ts";
import type { CustomLaunchers, ExecutionPlan, PlanFile } from "../../launchers/mod.ts";
import { arrayOf, attemptId } from "../../model/mod.ts";
import type {
  AllocationTerms,
  AttemptId,
  Component,
  JobId,
  JobPreview,
  JobSpec,
  Resources,
  SessionId,
} from "../../model/mod.ts";
import { commandLine, quotePath } from "../../shell/mod.ts";
import {
  componentResources,
  directiveWords,
  expandArray,
  mergeResources,
  sbatchArguments,
  sluiceComment,
} from "../../slurm/mod.ts";
import type { SbatchRequest } from "../../slurm/mod.ts";
import type { RemoteLayout } from "../layout.ts";
import { attemptPlace, jobPaths } from "../layout.ts";
import { previewOf } from "../preview.ts";
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
  /** The same for jobs of one partition, by its name. Default: none. */
  readonly partitions?: Readonly<Record<string, Resources>>;
  /** Largest number of an array task plus one, where the cluster has told. */
  readonly maxArraySize?: number;
  /** Launchers of the user's own. Default: none. */
  readonly launchers?: CustomLaunchers;
}

/** What differs between a job with one kind of work and a heterogeneous one. */
type PlannedWork =
  & Pick<SbatchRequest, "output" | "error" | "resources" | "directives" | "components">
  & { readonly files: readonly PlanFile[] };

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
    const { layout, serverId } = this.#options;
    const place = attemptPlace(layout, serverId, id);
    const { payload } = spec;
    const { files, ...asked } = spec.components === undefined
      ? this.#planAlone(id, spec)
      : this.#planComponents(id, spec, spec.components);
    return {
      attemptId: id,
      directory: place.directory,
      jobDirectory: place.jobDirectory,
      files,
      sbatch: sbatchArguments({
        name: spec.name,
        comment: sluiceComment(id),
        directory: ".",
        ...asked,
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

  /** What is special to a job with one kind of work. */
  #planAlone(id: AttemptId, spec: JobSpec): PlannedWork {
    const plan = launch(spec, { kind: "allocation" }, this.#options.launchers);
    const asked = { ...spec.resources, array: arrayOf(spec) };
    const resources = this.#merge(spec, asked, plan, Object.keys(spec.options));
    const output = resources.array === undefined ? "" : ".%a";
    return {
      files: [
        ...plan.files,
        { name: JOB_SCRIPT_FILE, text: jobScript(id, spec, plan), executable: true },
        ...peersFiles(spec, plan),
        ...messageFiles(id, spec),
      ],
      output: `stdout${output}`,
      error: `stderr${output}`,
      resources,
    };
  }

  /** What is special to a heterogeneous job. */
  #planComponents(id: AttemptId, spec: JobSpec, others: readonly Component[]): PlannedWork {
    const planned = [spec, ...others].map((work, component) => {
      const plan = launch({ ...work, component }, { kind: "allocation" }, this.#options.launchers);
      const directives = directiveWords(plan.directives);
      const options = component === 0 ? Object.keys(spec.options) : [];
      return {
        directives,
        options: [...plan.directiveOptions, ...options],
        // The cluster's default may be an array, which a heterogeneous job cannot be.
        resources: { ...this.#merge(spec, work.resources, plan, options), array: undefined },
        terms: scriptTerms(work, spec.name),
        plan,
      };
    });
    const resources = componentResources(planned);
    const [first] = planned;
    return {
      files: componentFiles(
        id,
        planned.map((one, component) => ({ ...one, resources: resources[component] ?? {} })),
      ),
      output: "stdout",
      error: "stderr",
      directives: first?.directives ?? [],
      resources: resources[0] ?? {},
      components: others.map(({ name }, index) => {
        const component = index + 1;
        return {
          name: name ?? `${spec.name}+${component}`,
          comment: sluiceComment(id, component),
          directives: planned[component]?.directives ?? [],
          resources: resources[component] ?? {},
        };
      }),
    };
  }

  /** What all who have a say ask for. */
  #merge(
    { defaults: call = {} }: JobSpec,
    job: Resources,
    { directives }: ExecutionPlan,
    options: readonly string[],
  ): Resources {
    const { defaults: cluster, partitions = {} } = this.#options;
    const script = directiveWords(directives);
    return mergeResources({ cluster, partitions, call, script, job, options });
  }

  /** Numbers of the tasks, where the job is an array. */
  tasks(spec: JobSpec): number[] | undefined {
    if (spec.components !== undefined) return [0, ...spec.components.map((_, index) => index + 1)];
    const array = arrayOf(spec) ?? this.#options.defaults.array;
    return array === undefined ? undefined : expandArray(array, ANY_ARRAY_SIZE);
  }

  /** What would be sent for the first attempt at a job. */
  preview(jobId: JobId, spec: JobSpec, { session, standing }: SessionPlace = {}): JobPreview {
    const id = attemptId(jobId, 1);
    if (session !== undefined) {
      const { directory, files, entry } = this.planStep(id, spec, session, standing);
      return previewOf(directory, files, entry);
    }
    const { jobDirectory, files, sbatch } = this.plan(id, spec);
    const commands = `cd ${quotePath(jobDirectory)} && ${commandLine(sbatch)}`;
    return previewOf(jobDirectory, files, commands, spec.components && this.tasks(spec));
  }

  /** Where the files of a job, or of one of its array tasks, lie. */
  paths(jobId: JobId, task?: number): JobPaths {
    return jobPaths(this.#options.layout, jobId, task);
  }
}
