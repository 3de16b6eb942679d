/**
 * Removing jobs' directories. Pure.
 *
 * @module
 */

import type { JobId } from "../model/mod.ts";
import { quotePath } from "../shell/mod.ts";
import { jobPaths } from "./layout.ts";
import type { RemoteLayout } from "./layout.ts";

/** The program that removes the directories of jobs with all that is in them. */
export function removeProgram(layout: RemoteLayout, jobs: readonly JobId[]): string {
  return jobs.map((jobId) => `rm -rf -- ${quotePath(jobPaths(layout, jobId).directory)}`).join(
    "\n",
  );
}
