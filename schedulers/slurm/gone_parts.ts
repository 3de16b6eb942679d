/**
 * What is to be said of what the queue does not have.
 *
 * @module
 */

import type { Observation } from "../scheduler.ts";
import type { Part } from "./parts.ts";
import { KILL_WAIT_SECONDS } from "./settings.ts";
import type { SlurmSettings } from "./settings.ts";
import type { VanishedJobs } from "./vanished.ts";
import { verdict } from "./verdict.ts";

/** A submission may be confirmed so much later than slurmctld took it, in ms. */
const RESTART_SLACK_MS = 60_000;

/** Judges jobs, tasks and components that have left the queue. */
export class GoneParts {
  readonly #vanished: VanishedJobs;
  readonly #settings: SlurmSettings;

  /** Judges by what those tell. */
  constructor(vanished: VanishedJobs, settings: SlurmSettings) {
    this.#vanished = vanished;
    this.#settings = settings;
  }

  /** What is to be said of jobs and tasks that the queue does not have. */
  async look(gone: readonly Part[], signal: AbortSignal): Promise<Observation[]> {
    const config = await this.#settings.known(signal);
    const found = await this.#vanished.look(gone, config, signal);
    const seen = gone.map((part, index) => {
      const trace = found[index];
      const sighting = verdict({
        queue: undefined,
        accounting: trace?.accounting,
        record: trace?.record,
        words: trace?.words,
        ...(trace?.component === undefined ? {} : { component: trace.component }),
        requeues: part.requeues,
        killWaitMs: (config.killWaitSeconds ?? KILL_WAIT_SECONDS) * 1000,
      });
      return { part, sighting, answered: trace?.answered === true };
    });
    const doubtful = seen.flatMap(({ part, sighting, answered }) =>
      answered && sighting.kind === "missing" ? [part] : []
    );
    const lost = new Set(await this.#takenBeforeRestart(doubtful, signal));
    return seen.map(({ part, sighting }) =>
      part.observed(
        sighting.kind === "missing" && lost.has(part) ? { ...sighting, lost: true } : sighting,
      )
    );
  }

  /** Those that slurmctld took before it was started the last time: it may have lost them. */
  async #takenBeforeRestart(parts: readonly Part[], signal: AbortSignal): Promise<Part[]> {
    if (parts.length === 0) return [];
    const { upSeconds } = await this.#settings.nowIfAnswered(signal);
    if (upSeconds === undefined) return [];
    // By the clock that dates events.
    const startedAt = performance.timeOrigin + performance.now() - upSeconds * 1000;
    return parts.filter(({ submittedAt }) =>
      submittedAt !== undefined && submittedAt < startedAt + RESTART_SLACK_MS
    );
  }
}
