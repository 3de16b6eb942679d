/**
 * What a feed must be, and a feed that is followed in the background.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isFinal } from "../../../model/mod.ts";
import type { JobEvent, JobPhase } from "../../../model/mod.ts";
import { within } from "./until.ts";

/** Fails where the events of any job have a gap, a repetition or another order. */
export function assertInOrder(events: readonly JobEvent[]): void {
  let lastId = 0;
  const indexes = new Map<string, number>();
  for (const { id, jobId, index } of events) {
    assert.ok(id > lastId, `event ${id} came after event ${lastId}`);
    lastId = id;
    assert.equal(index, (indexes.get(jobId) ?? 0) + 1, `events of job ${jobId}`);
    indexes.set(jobId, index);
  }
}

/** The phase that an event puts its job into, where it is about the whole job and changes it. */
export function phaseOf({ fact }: JobEvent): JobPhase | undefined {
  switch (fact.type) {
    case "accepted":
    case "staging":
    case "submitting":
      return fact.type;
    case "submitted":
      return "queued";
    case "queued":
    case "running":
      return fact.task === undefined ? fact.type : undefined;
    case "ended":
      return fact.task === undefined ? fact.phase : undefined;
    case "staged":
    case "exited":
    case "message":
    case "cancel_requested":
    case "unknown":
    case "known":
      return undefined;
  }
}

/** The phases that a job went through, each change once. */
export function phasesOf(events: readonly JobEvent[]): JobPhase[] {
  const phases = events.map(phaseOf).filter((phase) => phase !== undefined);
  return phases.filter((phase, index) => phase !== phases[index - 1]);
}

/** A feed that is read from the start of a test, whatever else the test does. */
export class Following<Event> implements AsyncDisposable {
  /** What has arrived, in the order of arrival. */
  readonly events: Event[] = [];
  readonly #stop = new AbortController();
  readonly #waiting = new Set<() => void>();
  readonly #reading: Promise<void>;
  #ended = false;

  /** Begins to read. */
  constructor(open: (signal: AbortSignal) => AsyncIterable<Event>) {
    this.#reading = this.#read(open(this.#stop.signal)).finally(() => {
      this.#ended = true;
      this.#wake();
    });
    // Whoever waits or closes gets the error; until then nobody else must.
    this.#reading.catch(() => {});
  }

  /** Resolves when the events that have arrived satisfy the condition. */
  async until(condition: (events: readonly Event[]) => boolean): Promise<void> {
    while (!condition(this.events)) {
      if (this.#ended) {
        await this.#reading;
        throw new Error("the feed ended before what was waited for came");
      }
      await within(
        `news after ${JSON.stringify(this.events.at(-1))}`,
        new Promise<void>((resolve) => this.#waiting.add(resolve)),
      );
    }
  }

  /** Stops reading; rejects with what broke the feed. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#reading;
  }

  /** See {@linkcode Following.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #read(feed: AsyncIterable<Event>): Promise<void> {
    for await (const event of feed) {
      this.events.push(event);
      this.#wake();
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** Ids of the jobs whose end is among the events. */
export function endedJobs(events: readonly JobEvent[]): Set<string> {
  return new Set(
    events.filter((event) => {
      const phase = phaseOf(event);
      return phase !== undefined && isFinal(phase);
    }).map(({ jobId }) => jobId),
  );
}
