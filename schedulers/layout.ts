/**
 * Where Sluice's files lie on the cluster.
 *
 * @module
 */

import { attemptParts } from "../model/mod.ts";
import type { AttemptId, JobId } from "../model/mod.ts";
import { quotePath } from "../shell/mod.ts";
import type { JobPaths } from "./scheduler.ts";

/** Names under which the parts of Sluice's remote directory are known. */
export interface RemoteLayout {
  /** Sluice's directory on the cluster; may start with `~/`. */
  readonly root: string;
  /** The directory that holds the jobs' directories. */
  readonly jobs: string;
  /** The file to which the scripts of this server's jobs append their starts and ends. */
  readonly spool: string;
}

/**
 * The layout below a remote directory.
 *
 * @param serverId Tells this server's spool from those of others that share the directory.
 */
export function remoteLayout(root: string, serverId: string): RemoteLayout {
  return { root, jobs: `${root}/jobs`, spool: `${root}/spool/${serverId}` };
}

/** Where the files of a job, or of one of its array tasks, lie. */
export function jobPaths(layout: RemoteLayout, jobId: JobId, task?: number): JobPaths {
  const directory = `${layout.root}/jobs/${jobId}`;
  const suffix = task === undefined ? "" : `.${task}`;
  return {
    directory,
    stdout: `${directory}/stdout${suffix}`,
    stderr: `${directory}/stderr${suffix}`,
  };
}

/**
 * The directory of what belongs to one attempt alone: the job's own for the first attempt, one within it
 * for each later one.
 */
export function attemptDirectory(layout: RemoteLayout, attemptId: AttemptId): string {
  const { jobId, attempt } = attemptParts(attemptId);
  const { directory } = jobPaths(layout, jobId);
  return attempt === 1 ? directory : `${directory}/attempt-${attempt}`;
}

/** The spool as it is seen from a job's directory. */
export function spoolFromJob(serverId: string): string {
  return `../../spool/${serverId}`;
}

/** The shell command whose output is what is appended to the spool from now on. */
export function followSpool(layout: RemoteLayout): string {
  const spool = quotePath(layout.spool);
  const directory = quotePath(layout.spool.slice(0, layout.spool.lastIndexOf("/")));
  // Only new lines matter: what was written before is covered by the poll that follows a connection.
  const tail = `tail -n 0 -F -- ${spool}`;
  // tail would notice the end of the connection at its next line only, which may never come; its
  // neighbour, which waits for the end of the input, notices at once.
  return `mkdir -p -- ${directory} && : >>${spool} && { ${tail} & tail=$!; cat >/dev/null; kill "$tail"; }`;
}
