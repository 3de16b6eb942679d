/**
 * What a job needs on the cluster before it is submitted. Pure.
 *
 * @module
 */

import { isFileInput } from "./job_files.ts";
import type { FileInput, SentInput } from "./job_files.ts";
import { componentsOf } from "./job_spec.ts";
import type { JobSpec } from "./job_spec.ts";
import { packedSoftware, withEnvironments } from "./packed_software.ts";
import { remoteScripts, withScripts } from "./remote_scripts.ts";
import type { ReadScript } from "./remote_scripts.ts";
import type { SentEnvironment } from "./software.ts";

/** What of a job says what it needs on the cluster before it is submitted. */
export type StagingTerms = Pick<
  JobSpec,
  "payload" | "software" | "components" | "resources" | "inputs" | "workingDirectory"
>;

/** What lies on the cluster for a job. */
export interface Staged {
  /** One for each software that it brings along, in the order in which the spec names them. */
  readonly environments: readonly SentEnvironment[];
  /** The inputs that were sent; absent where it has none that are files. */
  readonly inputs?: readonly SentInput[];
  /** What was read of the scripts there that it runs; absent where it runs none. */
  readonly scripts?: readonly ReadScript[];
}

/** The inputs of a job or component that are files, by their names. */
export function fileInputs({ inputs }: Pick<JobSpec, "inputs">): readonly [string, FileInput][] {
  return Object.entries(inputs).flatMap(([name, input]): [string, FileInput][] =>
    isFileInput(input) ? [[name, input]] : []
  );
}

/** Whether anything must be sent for the job, or read there, before it is submitted. */
export function needsStaging(spec: JobSpec): boolean {
  return packedSoftware(spec).length > 0 || remoteScripts(spec).length > 0 ||
    componentsOf(spec).some((work) => fileInputs(work).length > 0);
}

/** The job as it can be submitted once all that it needs lies on the cluster. */
export function asStaged(
  spec: JobSpec,
  { environments = [], scripts = [] }: {
    readonly environments?: Staged["environments"] | undefined;
    readonly scripts?: Staged["scripts"] | undefined;
  },
): JobSpec {
  return withScripts(withEnvironments(spec, environments), scripts);
}
