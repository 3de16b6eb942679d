/**
 * The first entry of a job in a journal.
 *
 * @module
 */

import type { JobFact, JobId, JobSpec, JobView, SessionId } from "../../model/mod.ts";
import type { JobEntry } from "../../store/mod.ts";
import { foldJob } from "../job/mod.ts";
import { EPOCH } from "./simulated_job.ts";

/** The entry with which a job of the spec is accepted. @param tasks Numbers of the tasks of an array. */
export function acceptedEntry(
  jobId: JobId,
  spec: JobSpec,
  { at = EPOCH, tasks, session, standing }: {
    readonly at?: number;
    readonly tasks?: number[];
    readonly session?: SessionId;
    readonly standing?: JobId;
  } = {},
): JobEntry & { readonly view: JobView } {
  const { cluster } = spec;
  const directory = `/jobs/${jobId}`;
  const fact: JobFact = { type: "accepted", spec, directory, tasks, session, standing };
  const view = foldJob(undefined, { jobId, cluster, at, fact });
  return { kind: "job", jobId, cluster, index: 1, at, fact, view, tasks: view.tasks ?? [] };
}
