/**
 * What would be started for a job on a host without a scheduler. Pure.
 *
 * @module
 */

import { bashLauncher, JOB_SCRIPT_FILE, jobScript, PAYLOAD_FILE } from "../../launchers/mod.ts";
import { attemptId } from "../../model/mod.ts";
import type { AttemptId, JobId, JobPreview, JobSpec, Resources } from "../../model/mod.ts";
import { commandLine, quotePath } from "../../shell/mod.ts";
import { expandArray, HeterogeneousNotSupportedError } from "../../slurm/mod.ts";
import { UnsupportedRequestError } from "../errors.ts";
import type { RemoteLayout } from "../layout.ts";
import { attemptDirectory, jobPaths, spoolFromJob } from "../layout.ts";
import type { JobPaths, JobPlanner } from "../scheduler.ts";
import type { ProcessJob } from "./start_program.ts";

/** What a host without a scheduler gives to jobs. */
const UNDERSTOOD: ReadonlySet<string> = new Set<keyof Resources>(["array"]);

/** Plans jobs that run as processes. */
export class ProcessPlanner implements JobPlanner {
  readonly #layout: RemoteLayout;
  readonly #serverId: string;

  /** Makes a planner for one host. */
  constructor(layout: RemoteLayout, serverId: string) {
    this.#layout = layout;
    this.#serverId = serverId;
  }

  /**
   * The job as the program that starts it needs it.
   *
   * @throws {UnsupportedRequestError} The spec asks for what only a scheduler can give.
   */
  plan(id: AttemptId, spec: JobSpec): ProcessJob {
    if (spec.components !== undefined) throw new HeterogeneousNotSupportedError();
    const asked =
      Object.entries(spec.resources).find(([name, value]) =>
        value !== undefined && !UNDERSTOOD.has(name)
      ) ?? Object.entries(spec.options)[0];
    if (asked !== undefined) {
      throw new UnsupportedRequestError(
        `'${asked[0]}'`,
        "This cluster is a plain host without a scheduler: leave the request out, or name a Slurm cluster.",
      );
    }
    const plan = bashLauncher.plan(spec);
    return {
      attemptId: id,
      directory: attemptDirectory(this.#layout, id),
      files: [
        ...plan.files,
        { name: JOB_SCRIPT_FILE, text: jobScript(id, spec, plan), executable: true },
      ],
      tasks: this.tasks(spec),
      spool: spoolFromJob(this.#serverId),
    };
  }

  /** Numbers of the tasks, where the job is an array. */
  tasks(spec: JobSpec): number[] | undefined {
    return spec.resources.array === undefined ? undefined : expandArray(spec.resources.array);
  }

  /** What would be started for the first attempt at a job. */
  preview(jobId: JobId, spec: JobSpec): JobPreview {
    const { directory, files, tasks, spool } = this.plan(attemptId(jobId, 1), spec);
    return {
      commandLine: `cd ${quotePath(directory)} && ${
        commandLine([`./${JOB_SCRIPT_FILE}`, spool, ...(tasks ?? []).map(String)])
      }`,
      script: files.find(({ name }) => name === JOB_SCRIPT_FILE)?.text ?? "",
      payload: files.find(({ name }) => name === PAYLOAD_FILE)?.text,
      directory,
    };
  }

  /** Where the files of a job, or of one of its array tasks, lie. */
  paths(jobId: JobId, task?: number): JobPaths {
    return jobPaths(this.#layout, jobId, task);
  }
}
