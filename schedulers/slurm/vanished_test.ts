import assert from "node:assert/strict";
import { join } from "node:path";
import { openLocal } from "../../hosts/mod.ts";
import { attemptParts, schedulerIdSchema } from "../../model/mod.ts";
import { quote } from "../../shell/mod.ts";
import { jobPaths, remoteLayout } from "../layout.ts";
import { newAttempt } from "../testing/attempts.ts";
import { FakeSlurm } from "../testing/fake_slurm.ts";
import type { Run } from "./present_run.ts";
import { VanishedJobs } from "./vanished.ts";

const never = new AbortController().signal;
const none = { controllers: [], accountingStorageType: "accounting_storage/none" };
const slurmdbd = { controllers: [], accountingStorageType: "accounting_storage/slurmdbd" };

/** Stand-ins for Slurm, and jobs' directories to look into. */
class Cluster {
  /** Time of the clock, in ms. */
  now = 0;
  /** By so much the clock goes on each time that it is looked at. */
  msPerLook = 0;
  readonly fake: FakeSlurm;
  readonly jobs: VanishedJobs;

  constructor(fake: FakeSlurm, host: ConstructorParameters<typeof VanishedJobs>[0]) {
    this.fake = fake;
    const clock = () => this.now += this.msPerLook;
    this.jobs = new VanishedJobs(host, remoteLayout(fake.root, "server"), clock);
  }

  /** A run whose job has a directory. */
  async run(id: string, more: Partial<Run> = {}): Promise<Run> {
    const attemptId = newAttempt();
    const run = {
      attemptId,
      schedulerId: schedulerIdSchema.parse(id),
      id: schedulerIdSchema.parse(more.task === undefined ? id : `${id}_${more.task}`),
      component: false,
      task: undefined,
      startedAt: undefined,
      ...more,
    };
    await Deno.mkdir(this.#directory(run), { recursive: true });
    return run;
  }

  /** Writes one of the files in the job's directory. */
  async write(run: Run, name: string, text: string): Promise<void> {
    await Deno.writeTextFile(join(this.#directory(run), name), text);
  }

  /** Makes sacct show the run as ended in that state. */
  async account(run: Run, state: string): Promise<void> {
    const { jobId } = attemptParts(run.attemptId);
    const fields = [run.schedulerId, state, "0:0", "1", "2", "3", "n1"];
    const line = [...fields, "None", `/real/jobs/${jobId}`].join("\x1f");
    await this.fake.command("sacct", `printf '%s\\n' ${quote(line)}`);
  }

  #directory(run: Run): string {
    return jobPaths(remoteLayout(this.fake.root, "server"), attemptParts(run.attemptId).jobId)
      .directory;
  }
}

function clusterTest(name: string, body: (cluster: Cluster) => Promise<void>): void {
  Deno.test(name, async () => {
    await using fake = await FakeSlurm.create();
    const prelude = `PATH=${quote(fake.bin)}:$PATH TZ=Etc/GMT-2; export TZ`;
    await using host = await openLocal({ shell: { command: "sh", login: false, prelude } });
    await body(new Cluster(fake, host));
  });
}

const lastWords = (id: string, cause: string) =>
  `slurmstepd: error: *** JOB ${id} ON n1 CANCELLED AT 2026-11-20T23:58:17${cause} ***\n`;
const saidAt = Date.UTC(2026, 10, 20, 21, 58, 17);

clusterTest("Slurm's words are read from each job's own standard error", async (cluster) => {
  const whole = await cluster.run("12");
  const task = await cluster.run("20", { task: 3 });
  const silent = await cluster.run("30");
  const absent = await cluster.run("40");
  const noise = `${"x".repeat(100_000)}\n\x00\xff error without a line end `;
  await cluster.write(whole, "stderr", noise + lastWords("12", " DUE TO TIME LIMIT"));
  await cluster.write(whole, "stdout", "");
  await cluster.write(task, "stderr.3", lastWords("22", "") + "Terminated\n");
  await cluster.write(task, "stderr.4", lastWords("23", " DUE TO TIME LIMIT"));
  await cluster.write(silent, "stderr", "nothing to see\n==> other <==\n");
  const found = await cluster.jobs.look([whole, task, silent, absent], none, never);
  assert.deepEqual(found.map(({ words }) => words?.end), [
    { reason: "time_limit", at: saidAt },
    { reason: "cancelled", at: saidAt },
    undefined,
    undefined,
  ]);
  assert.ok((found[0]?.words?.wroteAt ?? 0) > 0);
  assert.equal(found[3]?.words?.wroteAt, undefined);
});

clusterTest("files are not read where the record tells all", async (cluster) => {
  const run = await cluster.run("12");
  await cluster.write(run, "exit", "12 0 0 - 100 200\n");
  await cluster.write(run, "stderr", lastWords("12", " DUE TO TIME LIMIT"));
  const [found] = await cluster.jobs.look([run], none, never);
  assert.equal(found?.record?.exitCode, 0);
  assert.equal(found?.words, undefined);
});

clusterTest("what accounting says of another job's directory is not believed", async (cluster) => {
  const [run, other] = [await cluster.run("12"), await cluster.run("12")];
  await cluster.account(run, "TIMEOUT");
  const [own, others] = await cluster.jobs.look([run, other], slurmdbd, never);
  assert.equal(own?.accounting?.state, "TIMEOUT");
  assert.equal(others?.accounting, undefined);
});

clusterTest("where accounting fails, the job's own traces are told", async (cluster) => {
  const run = await cluster.run("12");
  await cluster.fake.command("sacct", "echo 'sacct: error: Connection refused' >&2; exit 1");
  await cluster.write(run, "exit", "12 0 3 - 100 200\n");
  const [found] = await cluster.jobs.look([run], slurmdbd, never);
  assert.equal(found?.accounting, undefined);
  assert.equal(found?.record?.exitCode, 3);
});

clusterTest(
  "accounting that hangs is cut off, and then left alone for a while",
  async (cluster) => {
    const run = await cluster.run("12");
    await cluster.account(run, "TIMEOUT");
    const ask = async () => {
      const [found] = await cluster.jobs.look([run], slurmdbd, never);
      return found?.accounting?.state;
    };
    await cluster.fake.command("timeout", "exit 124");
    cluster.msPerLook = 10_000;
    assert.equal(await ask(), undefined);
    await cluster.fake.command("timeout", 'shift 3; exec "$@"');
    cluster.msPerLook = 0;
    cluster.now += 40_000;
    assert.equal(await ask(), undefined, "it is left alone");
    cluster.now += 20_000;
    assert.equal(await ask(), "TIMEOUT");
  },
);
