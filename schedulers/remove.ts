/**
 * Removing jobs' directories, and what has gathered in the spool.
 *
 * @module
 */

import type { Host } from "../hosts/mod.ts";
import type { JobId } from "../model/mod.ts";
import { quote, quotePath } from "../shell/mod.ts";
import { DirectoryNotRemovedError } from "./errors.ts";
import type { RemoteLayout } from "./layout.ts";

/** So many jobs go into one command, which may be one word of at most 128 KiB on Linux. */
const JOBS_PER_COMMAND = 1_500;

/** Size in bytes above which the spool is emptied. */
const LONG_SPOOL = 8 * 1024 * 1024;

/** The lines of shell that remove the directories of jobs with all that is in them. */
function removeLines(layout: RemoteLayout, jobs: readonly JobId[]): string[] {
  const directory = quotePath(layout.jobs);
  return Array.from({ length: Math.ceil(jobs.length / JOBS_PER_COMMAND) }, (_, index) => {
    const some = jobs.slice(index * JOBS_PER_COMMAND, (index + 1) * JOBS_PER_COMMAND);
    const names = some.map(quote).join(" ");
    return `if [ -d ${directory} ]; then (cd -- ${directory} && rm -rf -- ${names}); fi`;
  });
}

/**
 * The line of shell that empties a long spool. Jobs append to it all the while, and whoever follows it goes on
 * from its new beginning; a line that is lost is one that the next round of polling makes up for.
 */
function emptySpool({ spool }: RemoteLayout): string {
  const file = quotePath(spool);
  // Not with ":", whose failed redirection would end the shell; and whatever noclobber says.
  return `if [ -f ${file} ] && [ "$(wc -c <${file})" -gt ${LONG_SPOOL} ]; then printf '' >|${file}; fi`;
}

/**
 * Removes the directories of jobs; see Scheduler.remove.
 *
 * @throws {DirectoryNotRemovedError} Something of them is left.
 */
export async function removeJobs(
  host: Host,
  layout: RemoteLayout,
  jobs: readonly JobId[],
  signal: AbortSignal,
): Promise<void> {
  for (const line of removeLines(layout, jobs)) {
    const { exitCode, stderr } = await host.run(line, { signal });
    if (exitCode !== 0) throw new DirectoryNotRemovedError(new TextDecoder().decode(stderr));
  }
  await host.run(emptySpool(layout), { signal });
}
