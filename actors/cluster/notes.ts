/**
 * What a cluster notes in the journal of itself.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { asSluiceError, errorInfo } from "../../model/mod.ts";
import type { ClusterFact, ClusterName } from "../../model/mod.ts";
import type { ClusterEntry, Journal } from "../../store/mod.ts";

const log = getLogger(["sluice", "cluster"]);

/** Facts that are kept while the journal takes none. */
const MOST_KEPT = 100;
/** Most failures of one actor that are noted within one period, and its length in ms. */
const MOST_FAILURES = 3;
const PERIOD_MS = 60_000;

/** Writes facts in the order in which they came, and keeps those that the journal does not take now. */
export class ClusterNotes {
  readonly #cluster: ClusterName;
  readonly #journal: Journal;
  #waiting: ClusterEntry[] = [];
  #writing: Promise<boolean> | undefined;
  #failures = new Map<string, number>();
  #periodEnd = 0;

  /** Nothing is noted yet. */
  constructor(cluster: ClusterName, journal: Journal) {
    this.#cluster = cluster;
    this.#journal = journal;
  }

  /**
   * Notes a fact, at the time `at` in milliseconds since the epoch. Resolves with whether all is written;
   * what is not is written with the next fact, or by {@linkcode ClusterNotes.write}. Never rejects.
   */
  add(fact: ClusterFact, at: number): Promise<boolean> {
    this.#waiting.push({ kind: "cluster", cluster: this.#cluster, at, fact });
    return this.write();
  }

  /** Notes the failure of an actor, unless it has failed so often that this would be no news. */
  addFailure(actor: string, error: unknown, at: number): Promise<boolean> {
    if (at >= this.#periodEnd) {
      this.#periodEnd = at + PERIOD_MS;
      this.#failures = new Map();
    }
    const count = (this.#failures.get(actor) ?? 0) + 1;
    this.#failures.set(actor, count);
    if (count > MOST_FAILURES) return Promise.resolve(true);
    return this.add({ type: "actor_failed", actor, error: errorInfo(error) }, at);
  }

  /** Writes what waits. Resolves with whether nothing does any more. Never rejects. */
  write(): Promise<boolean> {
    this.#writing ??= this.#writeAll().finally(() => this.#writing = undefined);
    return this.#writing;
  }

  async #writeAll(): Promise<boolean> {
    while (this.#waiting.length > 0) {
      const entries = this.#waiting;
      this.#waiting = [];
      try {
        await this.#journal.append(entries);
      } catch (error) {
        if (asSluiceError(error).retryable) this.#waiting.unshift(...entries);
        else this.#drop(entries, error);
        this.#drop(this.#waiting.splice(0, this.#waiting.length - MOST_KEPT), error);
        return this.#waiting.length === 0;
      }
    }
    return true;
  }

  #drop(entries: readonly ClusterEntry[], error: unknown): void {
    for (const { fact: { type } } of entries) {
      log.error("cannot journal {type} of {name}: {error}", { type, name: this.#cluster, error });
    }
  }
}
