/**
 * Makes entries for tests of the journal.
 *
 * @module
 */

import type {
  ClusterName,
  JobEvent,
  JobFact,
  JobId,
  JobPhase,
  JobSpecInput,
  JobView,
} from "../../model/mod.ts";
import {
  clusterNameSchema,
  errorInfo,
  isFinal,
  jobIdSchema,
  jobSpecSchema,
  schedulerIdSchema,
  uuidv7,
} from "../../model/mod.ts";
import type { ClusterEntry, JobEntry } from "../entry.ts";
import { JournalReadOnlyError } from "../errors.ts";

/** A cluster's name. */
export function cluster(name: string): ClusterName {
  return clusterNameSchema.parse(name);
}

/** The id of the n-th job: later jobs have greater ids. */
export function jobNumber(n: number): JobId {
  return jobIdSchema.parse(uuidv7(1_800_000_000_000 + n, (target) => target));
}

/** An entry that says how the job stands. */
export type SampleEntry = JobEntry & { readonly view: JobView };

/** A job that makes entries one after the other. */
export class SampleJob {
  readonly id: JobId;
  readonly cluster: ClusterName;
  view: JobView | undefined;
  readonly #spec: Omit<JobSpecInput, "cluster" | "payload"> & { readonly script?: string };
  readonly #acceptedAt: number;

  constructor(
    n: number,
    options: {
      readonly cluster?: ClusterName;
      readonly acceptedAt?: number;
      readonly spec?: Omit<JobSpecInput, "cluster" | "payload"> & { readonly script?: string };
    } = {},
  ) {
    this.id = jobNumber(n);
    this.cluster = options.cluster ?? cluster("alpha");
    this.#acceptedAt = options.acceptedAt ?? 1_800_000_000_000 + n;
    this.#spec = options.spec ?? {};
  }

  /** The first entry. */
  accepted(): SampleEntry {
    const { script = "#!/bin/sh\nexit 0\n", ...rest } = this.#spec;
    const spec = jobSpecSchema.parse({
      ...rest,
      cluster: this.cluster,
      payload: { kind: "script", script },
    });
    const directory = `/home/u/.sluice/jobs/${this.id}`;
    return this.#next({ type: "accepted", spec, directory }, {
      id: this.id,
      cluster: this.cluster,
      name: spec.name,
      labels: spec.labels,
      phase: "accepted",
      nodes: [],
      restarts: 0,
      cancelRequested: false,
      directory,
      attempt: 1,
      attempts: [],
      tries: 1,
      acceptedAt: this.#acceptedAt,
      updatedAt: this.#acceptedAt,
      events: 1,
    });
  }

  /** The entry after it. */
  next(fact: Exclude<JobFact, { type: "accepted" }>, phase: JobPhase): SampleEntry {
    if (this.view === undefined) throw new Error("the job has not been accepted");
    const events = this.view.events + 1;
    return this.#next(fact, { ...this.view, phase, events, updatedAt: this.#acceptedAt + events });
  }

  /** Whether its last entry has been made. */
  get hasEnded(): boolean {
    return this.view !== undefined && isFinal(this.view.phase);
  }

  /** A step from the queue to running, and so on, as often as asked. */
  step(): SampleEntry {
    if (this.view === undefined) return this.accepted();
    return this.view.phase === "queued"
      ? this.next({ type: "running", state: "RUNNING", nodes: ["n1"], restarts: 0 }, "running")
      : this.next({ type: "queued", state: "PENDING", nodes: [], restarts: 0 }, "queued");
  }

  /** The entry that says which id the scheduler gave. */
  submitted(): SampleEntry {
    return this.next(
      { type: "submitted", schedulerId: schedulerIdSchema.parse("12") },
      "queued",
    );
  }

  /** The last entry. */
  ended(): SampleEntry {
    return this.next(
      { type: "ended", phase: "succeeded", state: "COMPLETED", exitCode: 0, nodes: ["n1"] },
      "succeeded",
    );
  }

  #next(fact: JobFact, view: JobView): SampleEntry {
    this.view = view;
    return {
      kind: "job",
      jobId: this.id,
      cluster: this.cluster,
      index: view.events,
      at: view.updatedAt,
      fact,
      view,
    };
  }
}

/** A cluster's entry. */
export function linkEntry(name: ClusterName, up: boolean): ClusterEntry {
  return {
    kind: "cluster",
    cluster: name,
    at: 1_800_000_000_000,
    fact: up
      ? { type: "link_up" }
      : { type: "link_lost", error: errorInfo(new JournalReadOnlyError("/nowhere")) },
  };
}

/** Takes `count` events from a feed and leaves it. */
export async function take<Event>(feed: AsyncIterable<Event>, count: number): Promise<Event[]> {
  const events: Event[] = [];
  if (count === 0) return events;
  for await (const event of feed) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}

/** Ids of events. */
export function ids(events: readonly Pick<JobEvent, "id">[]): number[] {
  return events.map(({ id }) => id);
}

/** A directory that goes when the test ends. */
export class TemporaryDirectory implements Disposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "sluice-journal-" });

  /** The path of a file in it. */
  file(name: string): string {
    return `${this.path}/${name}`;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
