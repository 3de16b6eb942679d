/**
 * How many requests are being answered.
 *
 * @module
 */

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

  /** The handler with its requests counted; a feed counts until its stream has ended. */
  counting(
    handler: (request: Request) => Promise<Response>,
  ): (request: Request) => Promise<Response> {
    return async (request) => {
      this.#open++;
      let left = false;
      const leave = () => {
        if (!left) this.#leave();
        left = true;
      };
      try {
        const response = await handler(request);
        const { body, headers, status } = response;
        if (body === null || !headers.get("content-type")?.startsWith("text/event-stream")) {
          leave();
          return response;
        }
        return new Response(withEnd(body, leave), { headers, status });
      } catch (error) {
        leave();
        throw error;
      }
    };
  }
}

/** The stream, with a word when it has ended, failed or been cancelled. */
function withEnd(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onEnd: () => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const next = await reader.read();
        if (!next.done) return controller.enqueue(next.value);
        onEnd();
        controller.close();
      } catch (error) {
        onEnd();
        throw error;
      }
    },
    cancel(reason) {
      onEnd();
      return reader.cancel(reason);
    },
  });
}
