import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobFilter, JobPhase, JobView } from "../model/mod.ts";
import { jobListRequestSchema } from "../model/mod.ts";
import { openDatabase } from "./database.ts";
import { CursorInvalidError } from "./errors.ts";
import { Journal } from "./journal.ts";
import { cluster, jobNumber, SampleJob } from "./testing/sample_journal.ts";
import { pageQuery, requestedLabels } from "./listing.ts";

const alpha = cluster("alpha");
const beta = cluster("beta");

/** All pages of a listing, one after the other. */
function pages(journal: Journal, filter: JobFilter, limit: number): JobView[][] {
  const found: JobView[][] = [];
  let cursor: string | undefined;
  do {
    const request = { ...filter, limit, ...(cursor === undefined ? {} : { cursor }) };
    const page = journal.jobs(jobListRequestSchema.parse(request));
    found.push(page.jobs);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return found;
}

Deno.test("pages are full but for the last, and the last has no cursor", async () => {
  using journal = Journal.open({ path: ":memory:" });
  await journal.append([1, 2, 3, 4].map((n) => new SampleJob(n).accepted()));
  const sizes = (limit: number) => pages(journal, {}, limit).map((page) => page.length);
  assert.deepEqual(sizes(3), [3, 1]);
  assert.deepEqual(sizes(2), [2, 2]);
  assert.deepEqual(sizes(4), [4]);
});

Deno.test("a page is not disturbed by jobs that come while it is turned", async () => {
  using journal = Journal.open({ path: ":memory:" });
  const jobs = [1, 2, 3].map((n) => new SampleJob(n));
  await journal.append(jobs.map((job) => job.accepted()));
  const first = journal.jobs({ limit: 2 });
  await journal.append([new SampleJob(4).accepted()]);
  assert.ok(first.nextCursor !== undefined);
  const second = journal.jobs({ limit: 2, cursor: first.nextCursor });
  assert.deepEqual(
    [...first.jobs, ...second.jobs].map(({ id }) => id),
    jobs.map(({ id }) => id).reverse(),
  );
});

Deno.test("a cursor that no listing gave out is refused", () => {
  using journal = Journal.open({ path: ":memory:" });
  for (const cursor of ["", "x", "1_", "1_2; DROP TABLE jobs", "1_2_3", "NaN_1"]) {
    assert.throws(() => journal.jobs({ limit: 1, cursor }), CursorInvalidError, cursor);
  }
});

Deno.test("a label is found by its exact text, whatever it holds", async () => {
  using journal = Journal.open({ path: ":memory:" });
  const values = ["a", "a\0", "\ud800", "\ufffd", "", "'; --", "A"];
  await journal.append(
    values.map((value, n) => new SampleJob(n, { spec: { labels: { tag: value } } }).accepted()),
  );
  for (const value of values) {
    const found = journal.jobs({ limit: 10, labels: { tag: value } }).jobs;
    assert.deepEqual(found.map(({ labels }) => labels.tag), [value]);
  }
  assert.deepEqual(journal.jobs({ limit: 10, labels: { other: "a" } }).jobs, []);
});

const phases = ["accepted", "queued", "running", "succeeded"] as const;
const jobArbitrary = fc.record({
  cluster: fc.constantFrom(alpha, beta),
  phase: fc.constantFrom<JobPhase>(...phases),
  acceptedAt: fc.integer({ min: 0, max: 20 }),
  labels: fc.record({ x: fc.constantFrom("1", "2"), y: fc.constantFrom("1", "2") }, {
    requiredKeys: [],
  }),
});
const filterArbitrary = fc.record({
  cluster: fc.constantFrom(alpha, beta, cluster("nobody")),
  phases: fc.uniqueArray(fc.constantFrom<JobPhase>(...phases, "failed"), { minLength: 1 }),
  labels: fc.record({ x: fc.constantFrom("1", "2"), y: fc.constantFrom("1", "3") }, {
    requiredKeys: [],
  }),
  acceptedFrom: fc.integer({ min: 0, max: 20 }),
  acceptedBefore: fc.integer({ min: 0, max: 20 }),
}, { requiredKeys: [] });

Deno.test("a listing has exactly the jobs that its filter describes, newest first", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(jobArbitrary, { maxLength: 12 }),
      fc.array(filterArbitrary, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 5 }),
      async (described, filters, limit) => {
        using journal = Journal.open({ path: ":memory:" });
        const jobs = described.map(({ cluster, acceptedAt, labels }, n) =>
          new SampleJob(n, { cluster, acceptedAt, spec: { labels } })
        );
        await journal.append(jobs.map((job) => job.accepted()));
        await journal.append(jobs.flatMap((job, n) => {
          const phase = described[n]?.phase ?? "accepted";
          if (phase === "accepted") return [];
          return [phase === "succeeded" ? job.ended() : job.next({ type: "known" }, phase)];
        }));
        const views = jobs.flatMap(({ view }) => view === undefined ? [] : [view]);
        for (const filter of filters) {
          const expected = views.filter((view) =>
            (filter.cluster === undefined || view.cluster === filter.cluster) &&
            (filter.phases === undefined || filter.phases.includes(view.phase)) &&
            (filter.acceptedFrom === undefined || view.acceptedAt >= filter.acceptedFrom) &&
            (filter.acceptedBefore === undefined || view.acceptedAt < filter.acceptedBefore) &&
            Object.entries(filter.labels ?? {}).every(([name, value]) =>
              view.labels[name] === value
            )
          ).sort((one, other) => other.acceptedAt - one.acceptedAt || (other.id > one.id ? 1 : -1));
          assert.deepEqual(pages(journal, filter, limit).flat(), expected);
        }
      },
    ),
  );
});

Deno.test("every filter is answered along an index, in its order: nothing is scanned or sorted", () => {
  using database = openDatabase({ path: ":memory:" });
  const trees: string[] = [];
  const all = [
    ["cluster", { cluster: alpha }],
    ["phases", { phases: ["queued", "running"] }],
    ["labels", { labels: { x: "1", y: "2" } }],
    ["session", { session: jobNumber(7) }],
    ["time", { acceptedFrom: 1, acceptedBefore: 9 }],
    ["place", { cursor: "5_3" }],
  ] as const;
  for (let chosen = 0; chosen < 2 ** all.length; chosen++) {
    const parts = all.filter((_, place) => (chosen >> place) % 2 === 1);
    const request = jobListRequestSchema.parse(
      Object.assign({ limit: 5 }, ...parts.map(([, filter]) => filter)),
    );
    const labels = requestedLabels(request);
    const key = request.cluster === undefined ? undefined : 1;
    const { sql, values } = pageQuery(request, key, labels);
    const plan = database.connection.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values)
      .map(({ detail }) => String(detail));
    const name = parts.map(([name]) => name).join(" + ") || "none";
    const wrong = plan.filter((detail) =>
      // The page itself, of at most `limit` rows, is read and kept in its order as a whole.
      /TEMP B-TREE|^SCAN (?!page)/.test(detail) && !/USING (COVERING )?INDEX/.test(detail)
    );
    if (wrong.length > 0) trees.push(`${name}: ${plan.join("; ")}`);
  }
  assert.deepEqual(trees, []);
});

Deno.test("a listing of arrays costs their rows, not their tasks", async () => {
  using journal = Journal.open({ path: ":memory:" });
  const jobs = [1, 2].map((n) => new SampleJob(n));
  await journal.append(jobs.map((job) => {
    const entry = job.accepted();
    const tasks = Array.from({ length: 3_000 }, (_, task) => ({
      task,
      phase: "queued" as const,
      nodes: [],
      restarts: 0,
    }));
    return { ...entry, view: { ...entry.view, taskPhases: { queued: tasks.length } }, tasks };
  }));
  const page = JSON.stringify(journal.jobs({ limit: 5 }));
  assert.ok(page.length < 2_000, `${page.length} characters`);
  assert.match(page, /"taskPhases":\{"queued":3000\}/);
});
