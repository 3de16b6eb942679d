import { mkdir, rm } from "node:fs/promises";
import { ActorSystem } from "../../../actors/kernel/mod.ts";
import type { ActorRef } from "../../../actors/kernel/mod.ts";
import { jobActor } from "../../../actors/job/mod.ts";
import type { JobMessage } from "../../../actors/job/mod.ts";
import { acceptedEntry } from "../../../actors/testing/accepted_entry.ts";
import { noEffects } from "../../../actors/testing/no_effects.ts";
import { anySpec, jobNumber, schedulerId } from "../../../actors/testing/simulated_job.ts";
import { attemptId } from "../../../model/mod.ts";
import type { JobEvent } from "../../../model/mod.ts";
import type { Observation, Sighting } from "../../../schedulers/mod.ts";
import { Journal } from "../../../store/mod.ts";

/** Where the journal lies, from the root of the repository. */
const DIRECTORY = ".sluice/bench/scale-array";

const NODES = 20;

/** How long an array took, and how many events it had. */
export interface ArrayRun {
  /** Events per second, from the submission to the end. */
  readonly rate: number;
  /** All events of the job and its tasks. */
  readonly events: number;
  /** Bytes that the journal takes for each. */
  readonly bytesPerEvent: number;
}

/**
 * An array from its acceptance to its end through the real actor and a journal on the disk: a poll that sees
 * all tasks wait, a line of each script's start and of its end, and a poll that sees them all ended. Checks
 * that every task has each of its events.
 */
export async function runArray(tasks: number): Promise<ArrayRun> {
  await rm(DIRECTORY, { recursive: true, force: true });
  await mkdir(DIRECTORY, { recursive: true });
  const path = `${DIRECTORY}/journal.db`;
  const journal = Journal.open({ path });
  const system = new ActorSystem();
  try {
    const jobId = jobNumber(1);
    const numbers = Array.from({ length: tasks }, (_, task) => task);
    const spec = anySpec({ resources: { array: `0-${tasks - 1}` } });
    await journal.append([acceptedEntry(jobId, spec, { tasks: numbers })]);
    const start = performance.now();
    const ended = Promise.withResolvers<void>();
    const job = system.spawn(
      `job:${jobId}`,
      jobActor(jobId, journal, { ...noEffects, ended: () => ended.resolve() }),
      {
        mailbox: { capacity: 4 * tasks },
      },
    );
    tellStory(job, attemptId(jobId, 1), numbers);
    await ended.promise;
    const seconds = (performance.now() - start) / 1000;
    const events = journal.history(jobId);
    checkHistory(events, numbers);
    await system.stop();
    journal.close();
    const { size } = await Deno.stat(path);
    return {
      rate: events.length / seconds,
      events: events.length,
      bytesPerEvent: size / events.length,
    };
  } finally {
    await system.stop();
    journal.close();
    await rm(DIRECTORY, { recursive: true });
  }
}

function tellStory(
  job: ActorRef<JobMessage>,
  attempt: Observation["attemptId"],
  numbers: readonly number[],
): void {
  const poll = (sighting: (task: number) => Sighting) =>
    job.tell({
      type: "sighted",
      askedAt: Date.now(),
      observations: numbers.map((task) => ({ attemptId: attempt, task, sighting: sighting(task) })),
    });
  const said = { attemptId: attempt, restart: 0 };
  job.tell({
    type: "outcome",
    outcome: { kind: "submitted", attemptId: attempt, schedulerId: schedulerId("12") },
  });
  poll(() => ({ kind: "waiting", state: "PENDING", reason: { code: "Resources", text: "" } }));
  for (const task of numbers) {
    job.tell({ type: "pushed", record: { ...said, kind: "start", task, at: Date.now() } });
  }
  for (const task of numbers) {
    job.tell({ type: "pushed", record: { ...said, kind: "end", task, exitCode: 0 } });
  }
  poll((task) => ({
    kind: "ended",
    phase: "succeeded",
    state: "COMPLETED",
    exitCode: 0,
    nodes: [`n${task % NODES}`],
  }));
}

function checkHistory(events: readonly JobEvent[], numbers: readonly number[]): void {
  const stories = new Map<number, string>();
  for (const { fact } of events) {
    if (!("task" in fact) || fact.task === undefined) continue;
    stories.set(fact.task, `${stories.get(fact.task) ?? ""} ${fact.type}`);
  }
  for (const task of numbers) {
    const story = stories.get(task);
    if (story !== " queued running exited ended") {
      throw new Error(`task ${task} of the array has the events${story}`);
    }
  }
  if (events.at(-1)?.fact.type !== "ended") throw new Error("the array has not ended");
}
