import assert from "node:assert/strict";
import { attemptId } from "../../model/mod.ts";
import type { JobFact } from "../../model/mod.ts";
import type { RunRecord } from "../../schedulers/mod.ts";
import { Journal } from "../../store/mod.ts";
import { acceptedEntry } from "../testing/accepted_entry.ts";
import { noEffects } from "../testing/no_effects.ts";
import { anySpec, EPOCH, jobNumber, schedulerId } from "../testing/simulated_job.ts";
import { Stage } from "../testing/stage.ts";
import { jobActor } from "./job_actor.ts";
import type { JobMessage } from "./job_messages.ts";

const TASKS = 50;
const id = jobNumber(1);
const attempt = attemptId(id, 1);

function line(task: number, kind: "start" | "end"): JobMessage {
  const said = { attemptId: attempt, task, restart: 0 };
  const record: RunRecord = kind === "start"
    ? { ...said, kind, at: EPOCH }
    : { ...said, kind, exitCode: 0 };
  return { type: "pushed", record };
}

for (const capacity of [1_000, 4]) {
  Deno.test(`what the tasks of an array say while the journal writes is journaled together, in order, and before what came after it, with room for ${capacity} messages`, async () => {
    await using stage = new Stage();
    using journal = Journal.open({ path: ":memory:" });
    const numbers = Array.from({ length: TASKS }, (_, task) => task);
    const spec = anySpec({ count: TASKS });
    await journal.append([acceptedEntry(id, spec, { tasks: numbers })]);
    const job = stage.system.spawn("job", jobActor(id, journal, noEffects), {
      mailbox: { capacity },
    });
    await stage.clock.settle();
    let appends = 0;
    const append = journal.append.bind(journal);
    journal.append = (entries) => {
      appends += 1;
      return append(entries);
    };
    job.tell({
      type: "outcome",
      outcome: { kind: "submitted", attemptId: attempt, schedulerId: schedulerId("12") },
    });
    const taken = numbers.filter((task) => job.tell(line(task, "start")) === "accepted");
    const seen = job.tell({
      type: "sighted",
      askedAt: EPOCH,
      observations: taken.map((task) => ({
        attemptId: attempt,
        task,
        sighting: {
          kind: "ended",
          phase: "succeeded",
          state: "COMPLETED",
          exitCode: 0,
          nodes: [],
        },
      })),
    });
    // Accepted, submitting, submitted and the starts; where the poll was heard, the ends and the array's own.
    const expected = 3 + taken.length + (seen === "accepted" ? taken.length + 1 : 0);
    const facts: JobFact[] = [];
    for await (const { fact } of journal.jobFeed({ jobId: id })) {
      if (facts.push(fact) === expected) break;
    }
    const tasksWith = (type: string) =>
      facts.flatMap((fact) =>
        fact.type === type && "task" in fact && fact.task !== undefined ? [fact.task] : []
      );
    assert.deepEqual(tasksWith("running"), taken);
    if (capacity <= TASKS) return;
    assert.equal(taken.length, TASKS);
    assert.equal(seen, "accepted");
    assert.deepEqual(tasksWith("ended"), taken);
    assert.equal(facts.at(-1)?.type, "ended");
    assert.equal(appends, 3, "one for the submission, one for the lines, one for the poll");
  });
}

Deno.test("a line that comes with the dismissal of a job that has ended leaves no mail behind", async () => {
  await using stage = new Stage();
  using journal = Journal.open({ path: ":memory:" });
  await journal.append([acceptedEntry(id, anySpec())]);
  const job = stage.system.spawn("job", jobActor(id, journal, noEffects), { restart: "transient" });
  const sighting = {
    kind: "ended",
    phase: "succeeded",
    state: "COMPLETED",
    exitCode: 0,
    nodes: [],
  } as const;
  job.tell({
    type: "outcome",
    outcome: { kind: "submitted", attemptId: attempt, schedulerId: schedulerId("12") },
  });
  job.tell({ type: "sighted", askedAt: EPOCH, observations: [{ attemptId: attempt, sighting }] });
  job.tell({
    type: "pushed",
    record: { attemptId: attempt, restart: 0, kind: "end", exitCode: 0 },
  });
  job.tell({ type: "dismiss" });
  for await (const { fact } of journal.jobFeed({ jobId: id })) if (fact.type === "ended") break;
  await stage.clock.settle();
  assert.deepEqual(stage.system.tree().children, []);
  assert.deepEqual(stage.system.deadLetters(), []);
});
