import { copyFile, mkdir, rm } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { ActorSystem } from "../../actors/kernel/mod.ts";
import { clusterActor, clusterSpawnOptions } from "../../actors/cluster/mod.ts";
import type { ClusterMessage } from "../../actors/cluster/mod.ts";
import { FakeArchives } from "../../actors/testing/fake_archives.ts";
import { FakeConnection } from "../../actors/testing/fake_connection.ts";
import { CLUSTER, writeLiveJobs } from "../../actors/testing/live_jobs.ts";
import { Journal } from "../../store/mod.ts";
import { LocalFiles } from "../../transfers/mod.ts";
import type { Benchmark, Contender } from "./benchmark.ts";
import { rates } from "./measure.ts";

const JOBS = 10_000;
/** Where the journals lie, from the root of the repository. */
const DIRECTORY = ".sluice/bench/recovery";
/** The journal that every round begins with a copy of. */
const FILLED = `${DIRECTORY}/filled.db`;

/**
 * How fast a server is back to its work: 10,000 live jobs in the journal of one cluster. A round opens the
 * journal and starts the cluster's actors, until the scheduler has been asked for every job that it had
 * and has been given, in part, those that it had not.
 *
 * The limit reads the rows of the jobs from the same file, and does nothing with them.
 */
export const recovery: Benchmark = {
  about: "live jobs per second that are taken up from the journal at a start",
  run: rates([async () => {
    await rm(DIRECTORY, { recursive: true, force: true });
    await mkdir(DIRECTORY, { recursive: true });
    const journal = Journal.open({ path: FILLED });
    const { sent } = await writeLiveJobs(journal, JOBS);
    journal.close();
    return {
      name: `${JOBS} live jobs`,
      unit: "jobs/s",
      ours: ours(sent.length),
      limit: limit(),
      peers: {},
    };
  }], { measured: 5, warmUp: 2 }),
};

/** A copy of the journal for one round. */
async function copy(name: string): Promise<string> {
  const path = `${DIRECTORY}/${name}.db`;
  await copyFile(FILLED, path);
  return path;
}

function ours(watched: number): Contender {
  const servers: { readonly system: ActorSystem; readonly journal: Journal }[] = [];
  return {
    async run() {
      const journal = Journal.open({ path: await copy(`ours-${servers.length}`) });
      const system = new ActorSystem({ supervision: { restarts: Infinity } });
      servers.push({ system, journal });
      const connection = new FakeConnection();
      const asked = Promise.withResolvers<void>();
      const handed = Promise.withResolvers<void>();
      const { observes, submits } = connection.scheduler;
      // What is asked last has no answer, so that a server that is done is at rest while others are measured.
      const observe = observes.call.bind(observes);
      observes.call = (jobs) => {
        if (jobs.length < watched) return Promise.resolve([]);
        asked.resolve();
        return observe(jobs);
      };
      const submit = submits.call.bind(submits);
      submits.call = (batch) => {
        handed.resolve();
        return submit(batch);
      };
      system.spawn<ClusterMessage, unknown>(
        `cluster:${CLUSTER}`,
        clusterActor({
          name: CLUSTER,
          connect: () => Promise.resolve(connection),
          journal,
          environments: new FakeArchives(),
          files: new LocalFiles(),
          poll: { minMs: 200, maxMs: 200 },
        }),
        clusterSpawnOptions,
      );
      await Promise.all([asked.promise, handed.promise]);
      return JOBS;
    },
    async close() {
      for (const { system, journal } of servers) {
        await system.stop();
        journal.close();
      }
    },
  };
}

function limit(): Contender {
  let rounds = 0;
  return {
    async run() {
      const database = new DatabaseSync(await copy(`limit-${rounds++}`));
      const rows = database.prepare(
        `SELECT jobs.id, jobs.view, job_events.fact FROM jobs
          CROSS JOIN job_events ON job_events.id =
            (SELECT min(id) FROM job_events WHERE job = jobs.key)
          WHERE jobs.ended IS NULL`,
      ).all();
      database.close();
      return rows.length;
    },
    // The last to be closed: nobody needs the journals any more.
    close: () => rm(DIRECTORY, { recursive: true }),
  };
}
