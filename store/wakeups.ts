/**
 * Wakes those who wait for the next event of a topic.
 *
 * @module
 */

import type { SluiceError } from "../model/mod.ts";
import type { Committed } from "./ring.ts";

/** What a reader waits for. It waits for one topic, the narrowest. */
export type Topic =
  | "jobs"
  | "clusters"
  | `job ${string}`
  | `jobs of ${string}`
  | `cluster ${string}`;

/** A wait that can be given up. */
export interface Wait {
  /** Id of the first event of the topic since the wait began; undefined where it was given up. */
  readonly event: Promise<number | undefined>;
  /** Gives the wait up. */
  cancel(): void;
}

interface Waiter {
  readonly resolve: (id: number | undefined) => void;
  readonly reject: (error: SluiceError) => void;
}

/** Readers by topic, so that an event costs only those whom it concerns. */
export class Wakeups {
  readonly #waiters = new Map<Topic, Set<Waiter>>();

  /** How many wait. */
  get waiting(): number {
    let sum = 0;
    for (const waiters of this.#waiters.values()) sum += waiters.size;
    return sum;
  }

  /** Waits for the next event of the topic. */
  wait(topic: Topic): Wait {
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    const waiter: Waiter = { resolve, reject };
    const waiters = this.#waiters.get(topic) ?? new Set();
    this.#waiters.set(topic, waiters.add(waiter));
    return {
      event: promise,
      cancel: () => {
        waiters.delete(waiter);
        if (waiters.size === 0 && this.#waiters.get(topic) === waiters) {
          this.#waiters.delete(topic);
        }
        resolve(undefined);
      },
    };
  }

  /** Wakes everyone who waits for a topic of the event. */
  wake(item: Committed): void {
    switch (item.kind) {
      case "job":
        this.#wakeTopic("jobs", item.event.id);
        this.#wakeTopic(`job ${item.event.jobId}`, item.event.id);
        this.#wakeTopic(`jobs of ${item.event.cluster}`, item.event.id);
        return;
      case "cluster":
        this.#wakeTopic("clusters", item.event.id);
        this.#wakeTopic(`cluster ${item.event.cluster}`, item.event.id);
        return;
    }
  }

  /** Ends all waits with an error. */
  failAll(error: SluiceError): void {
    const topics = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const waiters of topics) {
      for (const waiter of waiters) waiter.reject(error);
    }
  }

  #wakeTopic(topic: Topic, id: number): void {
    const waiters = this.#waiters.get(topic);
    if (waiters === undefined) return;
    this.#waiters.delete(topic);
    for (const waiter of waiters) waiter.resolve(id);
  }
}
