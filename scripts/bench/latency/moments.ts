/** What happens to a run of a job: its payload's first instruction, or its last. */
export type Moment = "start" | "end";

/** A job, or one task of an array. */
export type RunName = string;

/** The name of a run. @param task Number of the array task. */
export function runName(jobId: string, task: number | undefined): RunName {
  return task === undefined ? jobId : `${jobId}.${task}`;
}

/** When somebody learnt of moments, by this machine's clock in milliseconds since the epoch. */
export class Moments {
  readonly #times = { start: new Map<RunName, number>(), end: new Map<RunName, number>() };

  /** Keeps the time at which a moment was first learnt of. */
  note(moment: Moment, run: RunName, at: number): void {
    const times = this.#times[moment];
    if (!times.has(run)) times.set(run, at);
  }

  /** The time of a moment. */
  of(moment: Moment, run: RunName): number | undefined {
    return this.#times[moment].get(run);
  }

  /** Of how many runs the moment is known. */
  count(moment: Moment): number {
    return this.#times[moment].size;
  }

  /**
   * By how much each of these is later than the truth, in ms.
   *
   * @throws {Error} A moment of some run was never learnt of.
   */
  delays(moment: Moment, runs: Iterable<RunName>, truth: Moments): number[] {
    return Array.from(runs, (run) => {
      const learnt = this.of(moment, run);
      const happened = truth.of(moment, run);
      if (learnt === undefined || happened === undefined) {
        throw new Error(`the ${moment} of ${run} was never learnt of`);
      }
      return learnt - happened;
    });
  }
}
