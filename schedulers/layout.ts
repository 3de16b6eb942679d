/**
 * Where Sluice's files lie on the cluster.
 *
 * @module
 */

import { JOB_SCRIPT_FILE } from "../launchers/mod.ts";
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
    result: `${directory}/result${suffix}`,
    messages: `${directory}/messages${suffix}`,
    manifest: `${directory}/manifest${suffix}`,
  };
}

/**
 * Where an attempt is made. All attempts at a job work in the job's directory, so that each finds there what
 * the one before has left, and append to the same output. What belongs to one attempt alone, its script and
 * the record of its end among it, lies in the job's directory too for the first attempt, and in one within
 * it for each later one.
 */
export interface AttemptPlace {
  /** The job's directory, in which the attempt's script is started; may start with `~/`. */
  readonly jobDirectory: string;
  /** The attempt's own directory; may start with `~/`. */
  readonly directory: string;
  /** The attempt's script as it is seen from the job's directory. */
  readonly script: string;
  /** Arguments of the script. */
  readonly arguments: readonly string[];
}

/**
 * Where an attempt is made.
 *
 * @param serverId Tells this server's spool from those of others.
 */
export function attemptPlace(
  layout: RemoteLayout,
  serverId: string,
  attemptId: AttemptId,
): AttemptPlace {
  const { jobId } = attemptParts(attemptId);
  const name = attemptName(attemptId);
  const spool = `../../spool/${serverId}`;
  return {
    jobDirectory: jobPaths(layout, jobId).directory,
    directory: attemptDirectory(layout, attemptId),
    script: name === undefined ? JOB_SCRIPT_FILE : `${name}/${JOB_SCRIPT_FILE}`,
    arguments: name === undefined ? [spool] : [spool, name],
  };
}

/** The directory of what belongs to one attempt alone. */
export function attemptDirectory(layout: RemoteLayout, attemptId: AttemptId): string {
  const { directory } = jobPaths(layout, attemptParts(attemptId).jobId);
  const name = attemptName(attemptId);
  return name === undefined ? directory : `${directory}/${name}`;
}

/** Name of an attempt's own directory within the job's, if it has one. */
function attemptName(attemptId: AttemptId): string | undefined {
  const { attempt } = attemptParts(attemptId);
  return attempt === 1 ? undefined : `attempt-${attempt}`;
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
