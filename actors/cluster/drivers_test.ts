import assert from "node:assert/strict";
import { sessionOfAllocation, SluiceError } from "../../model/mod.ts";
import type { JobId, JobSpecInput, JobView, SessionId } from "../../model/mod.ts";
import type { Submission, SubmitOutcome } from "../../schedulers/mod.ts";
import { ClusterStage, done } from "../testing/cluster_stage.ts";
import { jobNumber } from "../testing/simulated_job.ts";

const clusterInput: Partial<JobSpecInput> = {
  payload: { kind: "cluster" },
  launcher: { kind: "ray" },
};

const full = new SluiceError({
  code: "DISK_FULL",
  message: "No space left.",
  next: "Make room.",
  retryable: true,
});

const refusal = new SluiceError({ code: "REFUSED", message: "No such image.", next: "Ask." });

/** A session in which a cluster is to stand. */
class DriverStage extends ClusterStage {
  session: SessionId = sessionOfAllocation(jobNumber(0));
  /** What becomes of clusters that are to be placed; absent where they are. */
  fate: ((job: Submission) => SubmitOutcome) | undefined;

  /** Opens the session; then clusters in it fare as told, and all else is placed. */
  async open(fate?: DriverStage["fate"]): Promise<void> {
    const job = await this.one({ payload: { kind: "allocation" } });
    this.session = sessionOfAllocation(job);
    await this.clock.advance(5_000);
    this.fate = fate;
    const { submits } = this.connection.scheduler;
    const { answer } = submits;
    submits.answer = (batch) =>
      batch.flatMap((job) => {
        const isCluster = job.spec.payload.kind === "cluster";
        return isCluster && this.fate !== undefined ? [this.fate(job)] : answer?.([job]) ?? [];
      });
  }

  /** Takes one job on. */
  async one(
    input: Partial<JobSpecInput>,
    more: { readonly session?: SessionId; readonly standing?: JobId } = {},
  ): Promise<JobId> {
    const [job] = await this.submit(1, input, more);
    return job?.id ?? assert.fail();
  }

  /** A cluster that is to stand in the session. */
  standing(): Promise<JobId> {
    return this.one(clusterInput, { session: this.session });
  }

  /** A step that runs on the cluster. */
  driver(standing: JobId): Promise<JobId> {
    return this.one({ launcher: { kind: "ray" } }, { session: this.session, standing });
  }

  /** Has a job ended. */
  async end(jobId: JobId): Promise<void> {
    const asked = this.cluster.ask<JobView | undefined>((reply) => ({
      type: "cancel",
      jobId,
      how: {},
      reply,
    }));
    await this.clock.advance(1_000);
    await asked;
  }

  /** Whether the scheduler was given the job. */
  wasSent(id: JobId): boolean {
    return this.sent.some(({ jobId }) => jobId === id);
  }
}

const postponed = ({ attemptId }: Submission): SubmitOutcome => ({
  kind: "postponed",
  attemptId,
  error: full,
  maybeSent: false,
});

Deno.test("a step comes into the session once the cluster that it runs on has", async () => {
  await using stage = new DriverStage();
  await stage.open(postponed);
  const standing = await stage.standing();
  const driver = await stage.driver(standing);
  await stage.clock.advance(20_000);
  assert.ok(!stage.wasSent(driver));
  assert.equal(stage.job(driver).phase, "accepted");
  stage.fate = undefined;
  await stage.clock.advance(120_000);
  assert.equal(stage.job(standing).phase, "running");
  assert.equal(stage.job(driver).phase, "running");
  const late = await stage.driver(standing);
  await stage.clock.advance(1_000);
  assert.ok(stage.wasSent(late));
});

Deno.test("steps of a cluster that was cancelled before it was in the session fail, and say why", async () => {
  await using stage = new DriverStage();
  await stage.open(postponed);
  const standing = await stage.standing();
  const driver = await stage.driver(standing);
  await stage.end(standing);
  assert.equal(stage.job(standing).phase, "cancelled");
  const { phase, error } = stage.job(driver);
  assert.equal(phase, "failed");
  assert.equal(error?.code, "STANDING_CLUSTER_FAILED");
  assert.match(error?.message ?? "", /cancelled before it was submitted/);
  assert.match(error?.next ?? "", /Submit the job again/);
  const late = await stage.driver(standing);
  assert.equal(stage.job(late).error?.code, "STANDING_CLUSTER_FAILED");
  assert.ok(!stage.wasSent(driver) && !stage.wasSent(late));
});

Deno.test("steps of a cluster that was refused fail, and say why", async () => {
  await using stage = new DriverStage();
  await stage.open(({ attemptId }) => ({ kind: "rejected", attemptId, error: refusal }));
  const standing = await stage.standing();
  const driver = await stage.driver(standing);
  await stage.clock.advance(1_000);
  assert.equal(stage.job(standing).phase, "failed");
  assert.match(stage.job(driver).error?.message ?? "", /No such image/);
  assert.equal(stage.job(driver).error?.next, "Ask.");
});

Deno.test("a step that waits for its cluster is cancelled at once", async () => {
  await using stage = new DriverStage();
  await stage.open(postponed);
  const driver = await stage.driver(await stage.standing());
  await stage.end(driver);
  assert.equal(stage.job(driver).phase, "cancelled");
  assert.ok(!stage.wasSent(driver));
});

Deno.test("what a step of a cluster that was in the session comes to is told by the session", async () => {
  await using stage = new DriverStage();
  await stage.open();
  const standing = await stage.standing();
  stage.sightings.set(standing, done);
  await stage.clock.advance(60_000);
  assert.equal(stage.job(standing).phase, "succeeded");
  const late = await stage.driver(standing);
  await stage.clock.advance(1_000);
  assert.ok(stage.wasSent(late));
});

Deno.test("a step waits for its cluster on, and hears of it, where their actors come back", async () => {
  await using stage = new DriverStage();
  await stage.open(postponed);
  const standing = await stage.standing();
  const driver = await stage.driver(standing);
  stage.cluster.tell({
    type: "cancel",
    jobId: jobNumber(99),
    how: {},
    reply: {
      ok(): never {
        throw new Error("a defect");
      },
      fail(): void {},
    },
  });
  await stage.clock.advance(10_000);
  assert.ok(!stage.wasSent(driver));
  stage.fate = undefined;
  await stage.clock.advance(120_000);
  assert.equal(stage.job(driver).phase, "running");
});
