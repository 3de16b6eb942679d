/**
 * What would be started for a job on a host without a scheduler. Pure.
 *
 * @module
 */

import {
  componentDirectory,
  inComponent,
  JOB_SCRIPT_FILE,
  jobScript,
  launch,
  messageFiles,
  scriptTerms,
} from "../../launchers/mod.ts";
import type { CustomLaunchers, JobPlace, PlanFile } from "../../launchers/mod.ts";
import { arrayOf, attemptId } from "../../model/mod.ts";
import type {
  AttemptId,
  Component,
  JobId,
  JobPreview,
  JobSpec,
  LocalClusterConfig,
  Resources,
} from "../../model/mod.ts";
import { quotePath } from "../../shell/mod.ts";
import { expandArray } from "../../slurm/mod.ts";
import { UnsupportedRequestError } from "../errors.ts";
import type { RemoteLayout } from "../layout.ts";
import { attemptPlace, jobPaths } from "../layout.ts";
import { previewOf } from "../preview.ts";
import type { JobPaths, JobPlanner } from "../scheduler.ts";
import { startLines } from "./start_program.ts";
import type { ProcessJob } from "./start_program.ts";

/** What a host without a scheduler gives to jobs. */
const UNDERSTOOD: ReadonlySet<string> = new Set<keyof Resources>(["array"]);

/** How jobs that run as processes are planned. */
export interface ProcessPlannerOptions {
  /** Whether what only a scheduler can give is refused, or a job runs without it. Default: `refuse`. */
  readonly resources?: LocalClusterConfig["resources"];
  /** Launchers of the user's own. Default: none. */
  readonly launchers?: CustomLaunchers | undefined;
}

/** Plans jobs that run as processes. */
export class ProcessPlanner implements JobPlanner {
  readonly #layout: RemoteLayout;
  readonly #serverId: string;
  readonly #ignores: boolean;
  readonly #launchers: CustomLaunchers | undefined;

  /**
   * Makes a planner for one host.
   *
   * @param options What it is to do with what a plain host does not have, and with what.
   */
  constructor(
    layout: RemoteLayout,
    serverId: string,
    { resources = "refuse", launchers }: ProcessPlannerOptions = {},
  ) {
    this.#layout = layout;
    this.#serverId = serverId;
    this.#ignores = resources === "ignore";
    this.#launchers = launchers;
  }

  /**
   * The job as the program that starts it needs it.
   *
   * @throws {UnsupportedRequestError} The spec asks for what only a scheduler can give.
   */
  plan(id: AttemptId, spec: JobSpec): ProcessJob {
    if (spec.payload.kind === "allocation") {
      throw new UnsupportedRequestError(
        "A session",
        "This cluster is a plain host, which has no nodes to hold: name a Slurm cluster.",
      );
    }
    if (!this.#ignores) refuseWhatNeedsAScheduler(spec);
    const place = attemptPlace(this.#layout, this.#serverId, id);
    const { components } = spec;
    const command = [`./${place.script}`, ...place.arguments];
    const shared = {
      attemptId: id,
      directory: place.directory,
      jobDirectory: place.jobDirectory,
      tasks: this.tasks(spec),
      command,
    };
    if (components === undefined) {
      return { ...shared, files: this.#filesOf(id, spec.name, spec, { kind: "batch" }) };
    }
    const works = [spec, ...components];
    return {
      ...shared,
      files: works.flatMap((work, component) =>
        inComponent(component, this.#filesOf(id, spec.name, work, { kind: "component", component }))
      ),
      components: works.map((_, component) => [
        `./${place.script.slice(0, -JOB_SCRIPT_FILE.length)}${
          componentDirectory(component)
        }/${JOB_SCRIPT_FILE}`,
        ...place.arguments,
      ]),
    };
  }

  /** The files of a job's work, or of that of one component. */
  #filesOf(
    id: AttemptId,
    jobName: string,
    work: JobSpec | Component,
    place: JobPlace,
  ): PlanFile[] {
    const component = place.kind === "component" ? { component: place.component } : {};
    const plan = launch({ ...work, ...component }, { kind: "host" }, this.#launchers);
    // Nothing sets a time limit here.
    const terms = scriptTerms(work, jobName);
    return [
      ...plan.files,
      { name: JOB_SCRIPT_FILE, text: jobScript(id, terms, plan, place), executable: true },
      ...messageFiles(id, terms),
    ];
  }

  /** Numbers of the tasks, where the job is an array. */
  tasks(spec: JobSpec): number[] | undefined {
    if (spec.components !== undefined) return [spec, ...spec.components].map((_, number) => number);
    const array = arrayOf(spec);
    return array === undefined ? undefined : expandArray(array);
  }

  /** What would be started for the first attempt at a job. */
  preview(jobId: JobId, spec: JobSpec): JobPreview {
    const job = this.plan(attemptId(jobId, 1), spec);
    const { files, jobDirectory } = job;
    const commandLine = `cd ${quotePath(jobDirectory)} && ${startLines(job).join(" ")}`;
    return previewOf(jobDirectory, files, commandLine, job.components && this.tasks(spec));
  }

  /** Where the files of a job, or of one of its array tasks, lie. */
  paths(jobId: JobId, task?: number): JobPaths {
    return jobPaths(this.#layout, jobId, task);
  }
}

/** Refuses what a plain host cannot give. */
function refuseWhatNeedsAScheduler(spec: JobSpec): void {
  if (spec.signalBeforeLimit !== undefined) {
    throw new UnsupportedRequestError(
      "'signalBeforeLimit'",
      "This cluster is a plain host, which sets no time limit: leave the request out, or name a Slurm cluster.",
    );
  }
  if ([spec, ...spec.components ?? []].some(({ srun }) => srun !== false)) {
    throw new UnsupportedRequestError(
      "'srun'",
      "This cluster is a plain host without srun: leave it out, name a Slurm cluster, or set `resources: ignore` of this one.",
    );
  }
  const asked =
    Object.entries(spec.resources).find(([name, value]) =>
      value !== undefined && !UNDERSTOOD.has(name)
    )?.[0] ?? Object.keys(spec.options)[0] ??
      (["session", "components"] as const).find((name) => spec[name] !== undefined);
  if (asked !== undefined) {
    throw new UnsupportedRequestError(
      `'${asked}'`,
      "This cluster is a plain host without a scheduler: leave the request out, name a Slurm cluster, or set `resources: ignore` of this one.",
    );
  }
}
