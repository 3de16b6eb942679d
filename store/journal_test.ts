import assert from "node:assert/strict";
import { jobNumber, linkEntry, SampleJob } from "./journal_testing.ts";
import { Journal } from "./journal.ts";

Deno.test("an appended fact can be read as event, history and view", async () => {
  using journal = Journal.open({ path: ":memory:" });
  const job = new SampleJob(1);
  const [accepted] = await journal.append([job.accepted()]);
  const [up] = await journal.append([linkEntry(job.cluster, true)]);
  await journal.append([job.submitted(), job.ended()]);
  assert.deepEqual(journal.history(job.id).map(({ id, index }) => [id, index]), [[1, 1], [3, 2], [
    4,
    3,
  ]]);
  assert.deepEqual(journal.history(job.id)[0], accepted);
  assert.equal(up?.id, 2);
  assert.deepEqual(journal.job(job.id)?.view, job.view);
  assert.equal(journal.job(job.id)?.spec.payload.kind, "script");
  assert.equal(journal.job(jobNumber(2)), undefined);
  assert.equal(journal.lastEventId(), 4);
  assert.deepEqual(journal.counts().get(job.cluster), new Map([["succeeded", 1]]));
});
