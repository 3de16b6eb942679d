/**
 * How many requests are being answered.
 *
 * @module
 */

/** Keeps a request counted until what it gives is called, once. */
export type Hold = () => () => void;

/** Counts requests from their arrival to the last byte of their answer. */
export class OpenRequests {
  #open = 0;
  #idle: (() => void)[] = [];

  #leave(): void {
    this.#open--;
    if (this.#open > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** How many requests are open now. */
  get count(): number {
    return this.#open;
  }

  /** Resolves as soon as no request is open. */
  whenIdle(): Promise<void> {
    if (this.#open === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** The handler with its requests counted. A feed, which goes on after the handler, calls `hold`. */
  counting(
    handler: (request: Request, hold: Hold) => Promise<Response>,
  ): (request: Request) => Promise<Response> {
    const leave = () => this.#leave();
    const hold: Hold = () => {
      this.#open++;
      return leave;
    };
    return async (request) => {
      this.#open++;
      try {
        return await handler(request, hold);
      } finally {
        leave();
      }
    };
  }
}
