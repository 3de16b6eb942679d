/**
 * Many live jobs, in the real queue and in a journal.
 *
 * @module
 */

import { acceptedEntry } from "../../../actors/testing/accepted_entry.ts";
import { foldJob } from "../../../actors/job/mod.ts";
import { attemptId, jobSpecSchema, newJobId, schedulerIdSchema } from "../../../model/mod.ts";
import type { JobFact, JobId, SchedulerId } from "../../../model/mod.ts";
import { sluiceComment } from "../../../slurm/mod.ts";
import { Journal } from "../../../store/mod.ts";
import { DEV } from "../../../tests/cluster/support/workspace.ts";
import { onCluster } from "../../testbed/mod.ts";

/** A job that waits in the queue. */
export interface QueuedJob {
  /** Sluice's id of it. */
  readonly jobId: JobId;
  /** Slurm's id of it. */
  readonly schedulerId: SchedulerId;
}

/** How many sbatch run at a time. */
const WIDTH = 4;

async function succeed(command: readonly string[], stdin?: string): Promise<string> {
  const result = await onCluster(command, stdin === undefined ? {} : { stdin });
  if (result.code !== 0) throw new Error(`${command[0]}: ${result.stderr}`);
  return result.stdout;
}

/** Jobs of a benchmark in the queue, marked as Sluice marks its own, none of which begins within the hour. */
export class QueuedJobs implements AsyncDisposable {
  /** The jobs so far. */
  readonly jobs: QueuedJob[] = [];
  readonly #name = `poll-${crypto.randomUUID()}`;

  /** Adds jobs until there are so many. */
  async grow(count: number): Promise<void> {
    const added = new Map(
      Array.from({ length: count - this.jobs.length }, () => newJobId()).map((jobId) => [
        sluiceComment(attemptId(jobId, 1)),
        jobId,
      ]),
    );
    const sbatch = [
      "sbatch",
      "--quiet",
      "--begin=now+1hour",
      "--mem=1",
      "--output=/dev/null",
      `--job-name=${this.#name}`,
      "--comment={}",
      "--wrap=:",
    ];
    const width = ["xargs", "-P", String(WIDTH), "-I", "{}"];
    await succeed([...width, ...sbatch], [...added.keys(), ""].join("\n"));
    const listed = await succeed(["squeue", "-h", "--me", "-n", this.#name, "-o", "%k %i"]);
    for (const line of listed.split("\n")) {
      const [comment = "", id = ""] = line.split(" ");
      const jobId = added.get(comment);
      if (jobId !== undefined) {
        this.jobs.push({ jobId, schedulerId: schedulerIdSchema.parse(id) });
      }
    }
    if (this.jobs.length !== count) throw new Error(`${this.jobs.length} of ${count} jobs came`);
  }

  /** Writes the jobs into a new journal, as a server leaves them that is stopped. */
  async writeJournal(path: string): Promise<void> {
    const journal = Journal.open({ path });
    const spec = jobSpecSchema.parse({
      cluster: DEV,
      payload: { kind: "command", command: ["true"] },
    });
    const now = Date.now();
    for (let start = 0; start < this.jobs.length; start += 1_000) {
      await journal.append(
        this.jobs.slice(start, start + 1_000).flatMap(({ jobId, schedulerId }) => {
          const accepted = acceptedEntry(jobId, spec, { at: now });
          const facts: JobFact[] = [
            { type: "submitting", tries: 1 },
            { type: "submitted", schedulerId },
          ];
          let { view } = accepted;
          return [
            accepted,
            ...facts.map((fact) => {
              const { cluster } = view;
              view = foldJob(view, { jobId, cluster, at: now, fact });
              return {
                kind: "job",
                jobId,
                cluster,
                index: view.events,
                at: now,
                fact,
                view,
              } as const;
            }),
          ];
        }),
      );
    }
    journal.close();
  }

  /** Ends all. */
  async [Symbol.asyncDispose](): Promise<void> {
    await succeed(["scancel", "--me", `--name=${this.#name}`]);
  }
}
