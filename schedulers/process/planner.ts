/**
 * What would be started for a job on a host without a scheduler. Pure.
 *
 * @module
 */

import { JOB_SCRIPT_FILE, jobScript, launch, PAYLOAD_FILE } from "../../launchers/mod.ts";
import type { CustomLaunchers } from "../../launchers/mod.ts";
import { arrayOf, attemptId } from "../../model/mod.ts";
import type { AttemptId, JobId, JobPreview, JobSpec, Resources } from "../../model/mod.ts";
import { quotePath } from "../../shell/mod.ts";
import { expandArray, HeterogeneousNotSupportedError } from "../../slurm/mod.ts";
import { UnsupportedRequestError } from "../errors.ts";
import type { RemoteLayout } from "../layout.ts";
import { attemptPlace, jobPaths } from "../layout.ts";
import type { JobPaths, JobPlanner } from "../scheduler.ts";
import { startLines } from "./start_program.ts";
import type { ProcessJob } from "./start_program.ts";

/** What a host without a scheduler gives to jobs. */
const UNDERSTOOD: ReadonlySet<string> = new Set<keyof Resources>(["array"]);

/** Plans jobs that run as processes. */
export class ProcessPlanner implements JobPlanner {
  readonly #layout: RemoteLayout;
  readonly #serverId: string;
  readonly #launchers: CustomLaunchers | undefined;

  /**
   * Makes a planner for one host.
   *
   * @param launchers Launchers of the user's own. Default: none.
   */
  constructor(layout: RemoteLayout, serverId: string, launchers?: CustomLaunchers) {
    this.#layout = layout;
    this.#serverId = serverId;
    this.#launchers = launchers;
  }

  /**
   * The job as the program that starts it needs it.
   *
   * @throws {UnsupportedRequestError} The spec asks for what only a scheduler can give.
   */
  plan(id: AttemptId, spec: JobSpec): ProcessJob {
    if (spec.components !== undefined) throw new HeterogeneousNotSupportedError();
    if (spec.signalBeforeLimit !== undefined) {
      throw new UnsupportedRequestError(
        "'signalBeforeLimit'",
        "This cluster is a plain host, which sets no time limit: leave the request out, or name a Slurm cluster.",
      );
    }
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
    const plan = launch(spec, { kind: "host" }, this.#launchers);
    const place = attemptPlace(this.#layout, this.#serverId, id);
    return {
      attemptId: id,
      directory: place.directory,
      jobDirectory: place.jobDirectory,
      files: [
        ...plan.files,
        { name: JOB_SCRIPT_FILE, text: jobScript(id, spec, plan), executable: true },
      ],
      tasks: this.tasks(spec),
      command: [`./${place.script}`, ...place.arguments],
    };
  }

  /** Numbers of the tasks, where the job is an array. */
  tasks(spec: JobSpec): number[] | undefined {
    const array = arrayOf(spec);
    return array === undefined ? undefined : expandArray(array);
  }

  /** What would be started for the first attempt at a job. */
  preview(jobId: JobId, spec: JobSpec): JobPreview {
    const job = this.plan(attemptId(jobId, 1), spec);
    const { files, jobDirectory } = job;
    return {
      commandLine: `cd ${quotePath(jobDirectory)} && ${startLines(job).join(" ")}`,
      script: files.find(({ name }) => name === JOB_SCRIPT_FILE)?.text ?? "",
      payload: files.find(({ name }) => name === PAYLOAD_FILE)?.text,
      directory: jobDirectory,
    };
  }

  /** Where the files of a job, or of one of its array tasks, lie. */
  paths(jobId: JobId, task?: number): JobPaths {
    return jobPaths(this.#layout, jobId, task);
  }
}
