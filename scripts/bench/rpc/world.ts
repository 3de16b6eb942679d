import { mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { foldJob } from "../../../actors/job/mod.ts";
import type { SluiceApi } from "../../../actors/mod.ts";
import { acceptedEntry } from "../../../actors/testing/accepted_entry.ts";
import { anySpec, jobNumber } from "../../../actors/testing/simulated_job.ts";
import type { JobFact, JobId, JobView } from "../../../model/mod.ts";
import { Journal } from "../../../store/mod.ts";

/** A job as it may look after a while: with labels, a node and a history. */
const SPEC = anySpec({ name: "train resnet", labels: { project: "vision", run: "17" } });

/** A journal with one job that runs for ever. */
export class JournalWorld {
  readonly #journal: Journal;
  #view: JobView;

  private constructor(journal: Journal, view: JobView) {
    this.#journal = journal;
    this.#view = view;
  }

  /** Makes the journal anew. */
  static async open(path: string): Promise<JournalWorld> {
    await rm(dirname(path), { recursive: true, force: true });
    await mkdir(dirname(path), { recursive: true });
    const journal = Journal.open({ path });
    const accepted = acceptedEntry(jobNumber(1), SPEC);
    await journal.append([accepted]);
    return new JournalWorld(journal, accepted.view);
  }

  /** The job. */
  get jobId(): JobId {
    return this.#view.id;
  }

  /** Appends an event of the job. Returns its id. */
  async append(): Promise<number> {
    const { id: jobId, cluster, acceptedAt: at } = this.#view;
    const fact: JobFact = { type: "running", state: "RUNNING", nodes: ["n1"], restarts: 0 };
    this.#view = foldJob(this.#view, { jobId, cluster, at, fact });
    const view = this.#view;
    const [event] = await this.#journal.append([
      { kind: "job", jobId, cluster, index: view.events, at, fact, view },
    ]);
    if (event === undefined) throw new Error("nothing was appended");
    return event.id;
  }

  /** The API with its jobs and their feeds read from the journal, as Sluice's own reads them. */
  api(rest: SluiceApi): SluiceApi {
    const journal = this.#journal;
    return {
      clusters: rest.clusters,
      sessions: rest.sessions,
      system: rest.system,
      jobs: {
        ...rest.jobs,
        get: (id) =>
          Promise.try(() => {
            const job = journal.job(id);
            if (job === undefined) throw new RangeError("no such job");
            return { ...job.view, spec: job.spec };
          }),
        events: (filter, options) => journal.jobFeed(filter, options),
      },
    };
  }

  /** Lets go of the journal. */
  close(): void {
    this.#journal.close();
  }
}
