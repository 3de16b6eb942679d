import { acceptedEntry } from "../../../actors/testing/accepted_entry.ts";
import { factsOf } from "../../../actors/testing/live_jobs.ts";
import { anySpec, EPOCH, jobNumber } from "../../../actors/testing/simulated_job.ts";
import { foldJob, jobEntries } from "../../../actors/job/mod.ts";
import { clusterNameSchema, schedulerIdSchema } from "../../../model/mod.ts";
import type { JobFact } from "../../../model/mod.ts";
import { Journal } from "../../../store/mod.ts";
import type { JobEntry } from "../../../store/mod.ts";

/** The clusters whose jobs are in the journal, as many of the one as of the other. */
export const CLUSTERS = ["alpha", "beta"].map((name) => clusterNameSchema.parse(name));
/** The teams by which jobs are labelled, as many of each. */
export const TEAMS = ["red", "green", "blue"] as const;
/** Of so many jobs one is live: the newest are. */
export const LIVE_PART = 10;

/** Jobs whose entries are written together. */
const SLICE = 2_000;

/** The nodes of the n-th job. */
export function nodesOf(n: number): string[] {
  return [`node-${n % 100}`];
}

/** The facts of a job that has ended. */
function pastFacts(n: number): JobFact[] {
  const failed = n % 7 === 0;
  const nodes = nodesOf(n);
  const startedAt = EPOCH + n + 2;
  return [
    { type: "submitting", tries: 1 },
    { type: "submitted", schedulerId: schedulerIdSchema.parse(`${1_000 + n}`) },
    { type: "running", state: "RUNNING", nodes, startedAt, restarts: 0 },
    {
      type: "ended",
      phase: failed ? "failed" : "succeeded",
      state: failed ? "FAILED" : "COMPLETED",
      exitCode: failed ? 1 : 0,
      nodes,
      startedAt,
      endedAt: startedAt + 60_000,
    },
  ];
}

/** The facts of a live job, one that waits as a poll has seen it. */
export function liveFacts(n: number): JobFact[] {
  const facts = factsOf(n);
  return facts.at(-1)?.type === "submitted"
    ? [...facts, { type: "queued", state: "PENDING", nodes: [], restarts: 0 }]
    : facts;
}

function entriesOf(n: number, jobs: number): readonly JobEntry[] {
  const isLive = n >= jobs - jobs / LIVE_PART;
  const spec = anySpec({
    cluster: CLUSTERS[n % CLUSTERS.length] ?? "",
    name: `job ${n}`,
    payload: {
      kind: "script",
      script: `#!/bin/sh\necho ${n}\n${"# a line of a script\n".repeat(isLive ? 400 : 20)}`,
    },
    labels: { team: TEAMS[n % TEAMS.length] ?? "", batch: `${n % 1_000}` },
  });
  const accepted = acceptedEntry(jobNumber(n), spec, { at: EPOCH + n });
  const { id: jobId, cluster, acceptedAt: at } = accepted.view;
  const facts = isLive ? liveFacts(n) : pastFacts(n);
  const view = facts.reduce(
    (before, fact) => foldJob(before, { jobId, cluster, at, fact }),
    accepted.view,
  );
  return [accepted, ...jobEntries(facts, view, [])];
}

/** Makes a journal with so many jobs, a tenth of them live. */
export async function fill(path: string, jobs: number): Promise<void> {
  using journal = Journal.open({ path });
  for (let start = 0; start < jobs; start += SLICE) {
    const numbers = Array.from({ length: Math.min(SLICE, jobs - start) }, (_, n) => start + n);
    await journal.append(numbers.flatMap((n) => entriesOf(n, jobs)));
  }
}
