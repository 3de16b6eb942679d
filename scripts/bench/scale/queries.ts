import type { JobsApi } from "../../../actors/mod.ts";
import { EPOCH, jobNumber } from "../../../actors/testing/simulated_job.ts";
import type { JobFilter, JobSummary } from "../../../model/mod.ts";
import { CLUSTERS, LIVE_PART, TEAMS } from "./fill.ts";

/** How often each filter is asked for, and how many pages of it are turned each time. */
const ROUNDS = 40;
const PAGES = 4;
const GETS = 4_000;

/** Every filter that there is, alone and with others, for a journal of so many jobs. */
function filters(jobs: number): readonly JobFilter[] {
  const [cluster] = CLUSTERS;
  if (cluster === undefined) throw new RangeError("there are no clusters");
  const [team] = TEAMS;
  const middle = {
    acceptedFrom: EPOCH + Math.floor(jobs / 4),
    acceptedBefore: EPOCH + Math.floor(jobs / 2),
  };
  return [
    {},
    { cluster },
    { phases: ["running"] },
    { phases: ["queued", "running"] },
    { phases: ["failed", "succeeded"], cluster },
    { labels: { team } },
    { labels: { team, batch: "7" } },
    { labels: { batch: "7" }, phases: ["running", "failed"] },
    middle,
    { ...middle, cluster, phases: ["failed"] },
    { ...middle, cluster, phases: ["failed", "timed_out"], labels: { team } },
  ];
}

/** Whether the job is one that the filter describes. */
function matches(job: JobSummary, filter: JobFilter): boolean {
  const { cluster = job.cluster, phases = [job.phase], labels = {} } = filter;
  const { acceptedFrom = -Infinity, acceptedBefore = Infinity } = filter;
  return job.cluster === cluster && phases.includes(job.phase) &&
    Object.entries(labels).every(([name, value]) => job.labels[name] === value) &&
    job.acceptedAt >= acceptedFrom && job.acceptedAt < acceptedBefore;
}

/** How long each page of listings took, in ms. Checks what is on them. */
export async function listTimes(api: JobsApi, jobs: number): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const filter of filters(jobs)) {
      let cursor: string | undefined;
      for (let page = 0; page < PAGES; page++) {
        const start = performance.now();
        const found = await api.list({ ...filter, ...(cursor === undefined ? {} : { cursor }) });
        times.push(performance.now() - start);
        if (page === 0 && found.jobs.length === 0 && jobs > 1_000) {
          throw new Error(`no job fits ${JSON.stringify(filter)}`);
        }
        if (!found.jobs.every((job) => matches(job, filter))) {
          throw new Error(`a job does not fit ${JSON.stringify(filter)}`);
        }
        cursor = found.nextCursor;
        if (cursor === undefined) break;
      }
    }
  }
  return times;
}

/** How long it took to get each of many jobs, live and ended ones alike, in ms. */
export async function getTimes(api: JobsApi, jobs: number): Promise<readonly number[]> {
  const times: number[] = [];
  for (let n = 0; n < GETS; n++) {
    // Half of them live ones; a large step, so that neighbours on the disk are far apart in time.
    const from = n % 2 === 0 ? 0 : jobs - jobs / LIVE_PART;
    const id = jobNumber(from + (n * 7_919) % (jobs - from));
    const start = performance.now();
    const job = await api.get(id);
    times.push(performance.now() - start);
    if (job.id !== id) throw new Error(`job ${job.id} came instead of ${id}`);
  }
  return times;
}
