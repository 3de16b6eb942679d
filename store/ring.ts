/**
 * The newest events, in memory.
 *
 * @module
 */

import type { ClusterEvent, JobEvent } from "../model/mod.ts";

/** An event of either kind, as it was committed. */
export type Committed =
  | { readonly kind: "job"; readonly event: JobEvent; readonly bytes: number }
  | { readonly kind: "cluster"; readonly event: ClusterEvent; readonly bytes: number };

/** How much a ring keeps. */
export interface RingLimits {
  /** Most events. Default: 8,192. */
  readonly maxEvents?: number;
  /** Most characters of JSON. Default: 16 Mi. */
  readonly maxBytes?: number;
}

/**
 * The newest events, so that readers who keep up never touch the disk. Bounded by number and by bytes,
 * since one `accepted` fact may hold a script of megabytes. Ids follow one another without a gap.
 */
export class Ring {
  readonly #maxEvents: number;
  readonly #maxBytes: number;
  readonly #slots: (Committed | undefined)[];
  #lastId: number;
  #length = 0;
  #bytes = 0;

  /**
   * @param lastId Id of the newest event that is not in the ring.
   * @param limits How much it keeps.
   */
  constructor(lastId: number, limits: RingLimits = {}) {
    this.#maxEvents = limits.maxEvents ?? 8192;
    this.#maxBytes = limits.maxBytes ?? 16 * 1024 * 1024;
    this.#slots = Array.from({ length: this.#maxEvents }, () => undefined);
    this.#lastId = lastId;
  }

  /** Id of the newest event of all. */
  get lastId(): number {
    return this.#lastId;
  }

  /** Adds the next event. */
  push(item: Committed): void {
    if (this.#length === this.#maxEvents) this.#dropOldest();
    this.#lastId = item.event.id;
    this.#slots[item.event.id % this.#maxEvents] = item;
    this.#length++;
    this.#bytes += item.bytes;
    while (this.#bytes > this.#maxBytes) this.#dropOldest();
  }

  /** Whether every event after `cursor` is in the ring. */
  covers(cursor: number): boolean {
    return cursor >= this.#lastId - this.#length;
  }

  /** The events after `cursor`, oldest first, which the ring must cover. */
  *after(cursor: number): Generator<Committed, void, undefined> {
    for (let id = cursor + 1; id <= this.#lastId; id++) {
      const item = this.#slots[id % this.#maxEvents];
      if (item !== undefined) yield item;
    }
  }

  #dropOldest(): void {
    const slot = (this.#lastId - this.#length + 1) % this.#maxEvents;
    this.#bytes -= this.#slots[slot]?.bytes ?? 0;
    this.#slots[slot] = undefined;
    this.#length--;
  }
}
