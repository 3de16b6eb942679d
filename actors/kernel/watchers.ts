import type { Terminated } from "./actor_ref.ts";
import type { Cancellable } from "./clock.ts";

type Listener = (terminated: Terminated) => void;

/** Those who want to know of an actor's end. Each is told once, never within the operation itself. */
export class Watchers {
  readonly #waiting = new Set<Listener>();
  readonly #onListenerError: (error: unknown) => void;
  #terminated: Terminated | undefined = undefined;

  /** Nobody waits yet. */
  constructor(onListenerError: (error: unknown) => void) {
    this.#onListenerError = onListenerError;
  }

  /** Tells `listener` when the end comes, or soon if it already has. */
  add(listener: Listener): Cancellable {
    const own: Listener = (terminated) => listener(terminated);
    this.#waiting.add(own);
    if (this.#terminated !== undefined) this.#tell(own, this.#terminated);
    return { cancel: () => void this.#waiting.delete(own) };
  }

  /** Tells all who wait, and from now on all who come. */
  notify(terminated: Terminated): void {
    this.#terminated = terminated;
    for (const listener of this.#waiting) this.#tell(listener, terminated);
  }

  #tell(listener: Listener, terminated: Terminated): void {
    queueMicrotask(() => {
      if (!this.#waiting.delete(listener)) return;
      try {
        listener(terminated);
      } catch (error) {
        this.#onListenerError(error);
      }
    });
  }
}
