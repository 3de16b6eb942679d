/**
 * Many live jobs in a journal, as a server leaves them that is stopped in the midst of its work.
 *
 * @module
 */

import { clusterNameSchema, schedulerIdSchema } from "../../model/mod.ts";
import type { ClusterName, JobFact, JobId, JobView } from "../../model/mod.ts";
import type { JobEntry, Journal } from "../../store/mod.ts";
import { foldJob } from "../job/mod.ts";
import { acceptedEntry } from "./accepted_entry.ts";
import { anySpec, EPOCH, jobNumber } from "./simulated_job.ts";

/** The cluster of the jobs. */
export const CLUSTER: ClusterName = clusterNameSchema.parse("alpha");

/** What was left of the jobs. */
export interface LiveJobs {
  /** Those that the scheduler has. */
  readonly sent: readonly JobId[];
  /** Those that were to be handed over when the server stopped: the scheduler may have them. */
  readonly tried: readonly JobId[];
  /** Those that were accepted only. */
  readonly unsent: readonly JobId[];
}

/** Jobs whose entries are written together. */
const SLICE = 1_000;

/** The facts of the n-th live job after its acceptance: of twenty, one was accepted only, and one tried. */
export function factsOf(n: number): JobFact[] {
  const submitting: JobFact = { type: "submitting", tries: 1 };
  if (n % 20 === 0) return [];
  if (n % 20 === 1) return [submitting];
  const submitted: JobFact = {
    type: "submitted",
    schedulerId: schedulerIdSchema.parse(`${1_000 + n}`),
  };
  const running: JobFact = {
    type: "running",
    state: "RUNNING",
    nodes: [`node-${n % 100}`],
    startedAt: EPOCH + n,
    restarts: 0,
  };
  return n % 2 === 0 ? [submitting, submitted] : [submitting, submitted, running];
}

function entriesOf(n: number): JobEntry[] {
  const spec = anySpec({ name: `job ${n}`, labels: { number: `${n}` } });
  const accepted = acceptedEntry(jobNumber(n), spec, { at: EPOCH + n });
  let view: JobView = accepted.view;
  return [
    accepted,
    ...factsOf(n).map((fact) => {
      const { id: jobId, cluster, acceptedAt: at } = view;
      view = foldJob(view, { jobId, cluster, at, fact });
      return { kind: "job", jobId, cluster, index: view.events, at, fact, view } as const;
    }),
  ];
}

/** Writes so many live jobs into the journal. */
export async function writeLiveJobs(journal: Journal, count: number): Promise<LiveJobs> {
  for (let start = 0; start < count; start += SLICE) {
    const numbers = Array.from({ length: Math.min(SLICE, count - start) }, (_, n) => start + n);
    await journal.append(numbers.flatMap(entriesOf));
  }
  const having = (facts: (count: number) => boolean) =>
    Array.from({ length: count }, (_, n) => n).filter((n) => facts(factsOf(n).length))
      .map(jobNumber);
  return {
    sent: having((facts) => facts > 1),
    tried: having((facts) => facts === 1),
    unsent: having((facts) => facts === 0),
  };
}
