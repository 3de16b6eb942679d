import assert from "node:assert/strict";
import type { Evidence, JobEvidence, Wrong } from "./judge.ts";
import { countWrongs, judgeJobs } from "./judge.ts";
import type { KindName } from "./kinds.ts";
import { kindNamed } from "./kinds.ts";
import type { SlurmRecord, Start } from "./records.ts";

const ID = "01890a5d-ac96-774b-bcce-b302099a8057";
const OTHER = "01890a5d-ac96-774b-bcce-b302099a8058";

function start(rest: Partial<Start> = {}): Start {
  return { token: "t", task: "-", restart: "0", slurmId: "12", ...rest };
}

function record(rest: Partial<SlurmRecord> = {}): SlurmRecord {
  return { jobId: "12", comment: `sluice:${ID}`, state: "COMPLETED", ran: true, ...rest };
}

function job(kind: KindName, rest: Partial<JobEvidence> = {}): JobEvidence {
  const { ending, tasks } = kindNamed(kind);
  const shown = tasks === undefined ? ending : {
    phase: ending.phase,
    tasks: tasks.map((ending, task) => ({ ...ending, task })),
  };
  return { token: "t", kind: kindNamed(kind), answered: [ID], accepted: [ID], shown, ...rest };
}

function fine(kind: KindName): Evidence {
  const starts = kindNamed(kind).tasks?.map((_, task) =>
    start({ task: String(task), slurmId: String(12 + task) })
  );
  return { jobs: [job(kind)], starts: starts ?? [start()], slurm: [record()] };
}

const success = job("success").shown;

/** Fails unless exactly the one wrong is found. */
function assertOnly(wrong: Wrong, evidence: Evidence): void {
  const findings = judgeJobs(evidence);
  assert.deepEqual([...new Set(findings.map((each) => each.wrong))], [wrong]);
  assert.equal(countWrongs(findings)[wrong], 1);
}

Deno.test("a job of each kind that went well is not complained of", () => {
  for (const kind of ["success", "exit", "signal", "array", "across", "cancelled"] as const) {
    assert.deepEqual(judgeJobs(fine(kind)), [], kind);
  }
});

Deno.test("a job that was put back by Slurm and ran again is not complained of", () => {
  const starts = [start(), start({ restart: "1" })];
  assert.deepEqual(judgeJobs({ ...fine("across"), starts }), []);
});

Deno.test("a job that was cancelled before it ran is not complained of, whatever its signal", () => {
  assert.deepEqual(judgeJobs({ ...fine("cancelled"), starts: [], slurm: [] }), []);
  const shown = { phase: "cancelled", signal: 15 };
  assert.deepEqual(judgeJobs({ ...fine("cancelled"), jobs: [job("cancelled", { shown })] }), []);
});

Deno.test("a job that was never accepted is lost", () => {
  const jobs = [job("success", { answered: [], accepted: [], shown: undefined })];
  assertOnly("lost", { jobs, starts: [], slurm: [] });
});

Deno.test("a job that was accepted and is not known any more is lost", () => {
  assertOnly("lost", { ...fine("success"), jobs: [job("success", { shown: undefined })] });
});

Deno.test("a job that does not end is lost", () => {
  const jobs = [job("success", { shown: { phase: "submitting" } })];
  assertOnly("lost", { ...fine("success"), jobs });
});

Deno.test("a job that is called well but never ran is lost", () => {
  assertOnly("lost", { ...fine("success"), starts: [] });
});

Deno.test("an array of which one task never ran is lost", () => {
  const { starts, ...rest } = fine("array");
  assertOnly("lost", { ...rest, starts: starts.slice(1) });
});

Deno.test("a job that ran as two jobs of Slurm is duplicated", () => {
  const starts = [start(), start({ slurmId: "13" })];
  assertOnly("duplicated", { ...fine("success"), starts });
});

Deno.test("a job that started twice without having been put back is duplicated", () => {
  assertOnly("duplicated", { ...fine("success"), starts: [start(), start()] });
});

Deno.test("two jobs in Slurm for one of Sluice are a duplicate, even where the second did nothing", () => {
  const slurm = [record(), record({ jobId: "13" })];
  assertOnly("duplicated", { ...fine("success"), slurm });
  const idle = [record(), record({ jobId: "13", ran: false })];
  assert.deepEqual(judgeJobs({ ...fine("success"), slurm: idle }), []);
});

Deno.test("a submission that gave two jobs is duplicated, whether both were told or not", () => {
  assertOnly("duplicated", {
    ...fine("success"),
    jobs: [job("success", { answered: [ID, OTHER] })],
  });
  assertOnly("duplicated", {
    ...fine("success"),
    jobs: [job("success", { accepted: [OTHER, ID] })],
  });
});

Deno.test("another phase, exit status or signal than the kind's is a misjudgement", () => {
  const wrong = [
    { phase: "failed", exitCode: 0 },
    { phase: "succeeded", exitCode: 1 },
    { phase: "succeeded" },
    { phase: "succeeded", exitCode: 0, signal: 9 },
  ];
  for (const shown of wrong) {
    assertOnly("misjudged", { ...fine("success"), jobs: [job("success", { shown })] });
  }
  const noSignal = { phase: "failed", exitCode: 137 };
  assertOnly("misjudged", { ...fine("signal"), jobs: [job("signal", { shown: noSignal })] });
  assertOnly("misjudged", { ...fine("cancelled"), jobs: [job("cancelled", { shown: success })] });
});

Deno.test("a task that is missing or ended in another way is a misjudgement", () => {
  const tasks = job("array").shown?.tasks ?? [];
  const shorter = { phase: "failed", tasks: tasks.slice(1) };
  assertOnly("misjudged", { ...fine("array"), jobs: [job("array", { shown: shorter })] });
  const other = { phase: "failed", tasks: tasks.map((task) => ({ ...task, exitCode: 1 })) };
  assertOnly("misjudged", { ...fine("array"), jobs: [job("array", { shown: other })] });
});

Deno.test("what befell one job counts once, however many signs of it there are", () => {
  const findings = judgeJobs({
    jobs: [job("success", { answered: [ID, OTHER] })],
    starts: [start(), start({ slurmId: "13" }), start({ slurmId: "13" })],
    slurm: [record(), record({ jobId: "13" })],
  });
  assert.ok(findings.length >= 4);
  assert.deepEqual(countWrongs(findings), {
    lost: 0,
    duplicated: 1,
    misjudged: 0,
    eventsMissed: 0,
    eventsRepeated: 0,
  });
});
