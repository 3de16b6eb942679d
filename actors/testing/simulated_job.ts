/**
 * A job without an actor: what it is told is decided and folded at once, and every step is checked.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  attemptId,
  clusterNameSchema,
  jobIdSchema,
  jobSpecSchema,
  schedulerIdSchema,
  uuidv7,
} from "../../model/mod.ts";
import type { AttemptId, JobFact, JobId, JobSpec, JobSpecInput, JobView } from "../../model/mod.ts";
import { decide, emptyMemory, foldJob } from "../job/mod.ts";
import type { JobInput, JobMemory } from "../job/mod.ts";
import { brokenInvariants } from "../job/invariants.ts";

/** When simulated jobs are accepted, in milliseconds since the epoch. */
export const EPOCH = 1_800_000_000_000;

/** The id of the n-th job. */
export function jobNumber(n: number): JobId {
  return jobIdSchema.parse(uuidv7(EPOCH + n, (target) => target));
}

/** A spec of no interest. */
export function anySpec(input: Partial<JobSpecInput> = {}): JobSpec {
  return jobSpecSchema.parse({
    cluster: "alpha",
    payload: { kind: "command", command: ["true"] },
    ...input,
  });
}

/** An id of the scheduler's. */
export const schedulerId = (id: string) => schedulerIdSchema.parse(id);

/** A job to which a test says what it likes. */
export class SimulatedJob {
  readonly id = jobNumber(1);
  /** The clock, in ms since the job's acceptance. */
  time = 0;
  readonly spec: JobSpec;
  view: JobView;
  memory: JobMemory = emptyMemory;
  /** All facts so far. */
  readonly history: JobFact[] = [];

  /** @param tasks Numbers of the tasks, for an array. @param input What else was asked for. */
  constructor(tasks?: readonly number[], input: Partial<JobSpecInput> = {}) {
    const array = tasks === undefined ? {} : { resources: { array: tasks.join() } };
    this.spec = anySpec({ ...array, ...input });
    const fact: JobFact = {
      type: "accepted",
      spec: this.spec,
      directory: "/jobs/1",
      tasks: tasks === undefined ? undefined : [...tasks],
    };
    this.view = foldJob(undefined, this.#recorded(fact));
    this.#check({ before: undefined, fact, after: this.view });
  }

  /** Tells the job something; gives the facts that follow. */
  tell(input: JobInput): readonly JobFact[] {
    const { facts, memory } = decide(
      { view: this.view, terms: this.spec },
      this.memory,
      input,
      EPOCH + this.time,
    );
    for (const fact of facts) {
      const before = this.view;
      this.view = foldJob(before, this.#recorded(fact));
      this.#check({ before, fact, after: this.view });
    }
    this.memory = memory;
    return facts;
  }

  /** The server is started anew: what need not survive is gone. */
  restart(): void {
    this.memory = emptyMemory;
  }

  /** The id of its present attempt. */
  get attempt(): AttemptId {
    return attemptId(this.id, this.view.attempt);
  }

  /** The job as the scheduler has it. */
  submitted(id = "12"): this {
    this.tell({ type: "submitting" });
    this.tell({
      type: "outcome",
      outcome: {
        kind: "submitted",
        attemptId: this.attempt,
        schedulerId: schedulerId(id),
      },
    });
    return this;
  }

  #recorded(fact: JobFact) {
    this.history.push(fact);
    return {
      jobId: this.id,
      cluster: clusterNameSchema.parse("alpha"),
      at: EPOCH + this.time,
      fact,
    };
  }

  #check(step: Parameters<typeof brokenInvariants>[0]): void {
    assert.deepEqual(brokenInvariants(step), [], JSON.stringify(step.fact));
  }
}
