/**
 * OTP's restart intensity: at most so many restarts within a sliding period. One more means that
 * restarting does not help.
 */
export class RestartWindow {
  readonly #times: number[] = [];

  /**
   * Begins with none counted.
   *
   * @param restarts how many are allowed within the period; 0 allows none, Infinity any number
   * @param withinMs the length of the period in ms
   */
  constructor(readonly restarts: number, readonly withinMs: number) {}

  /** Counts a restart at the time `now`; false when it is one too many. */
  allows(now: number): boolean {
    if (this.restarts === Infinity) return true;
    while (this.#times[0] !== undefined && this.#times[0] <= now - this.withinMs) {
      this.#times.shift();
    }
    if (this.#times.length >= this.restarts) return false;
    this.#times.push(now);
    return true;
  }
}
