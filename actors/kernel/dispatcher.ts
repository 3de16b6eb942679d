import { setImmediate } from "node:timers";
import { Mailbox } from "./mailbox.ts";

/** Something with messages to handle. */
export interface Runnable {
  /** Handles up to `limit` messages, puts itself back in the queue if more are left; says how many. */
  drain(limit: number): number;
}

/** How many messages an actor handles before the next one in the queue has its turn. */
const BATCH = 128;
/** After how many messages the dispatcher looks at the time. */
const MESSAGES_PER_TIME_CHECK = 2_048;
/** For how long actors may run before timers and I/O of the process have their turn, in ms. */
const SLICE_MS = 8;

let pauses = 0;

/** Whether actors of this process wait for nothing but the end of a pause that lets others have a turn. */
export function isPaused(): boolean {
  return pauses > 0;
}

/**
 * Runs the actors that have something to do, one after the other, in batches: all in one microtask as
 * long as that does not starve the event loop. Fairness between actors comes from the batches, fairness
 * to the rest of the process from the time slice, which is real time whatever the system's clock is.
 */
export class Dispatcher {
  readonly #queue = new Mailbox<Runnable>(Infinity);
  readonly #run = () => this.#runQueue();
  #armed = false;
  #untilTimeCheck = MESSAGES_PER_TIME_CHECK;
  #sliceStart = 0;

  /** Gives a runnable its turn soon. The caller sees to it that it is not queued twice. */
  push(runnable: Runnable): void {
    this.#queue.pushAnyway(runnable);
    if (this.#armed) return;
    this.#armed = true;
    queueMicrotask(this.#run);
  }

  #runQueue(): void {
    for (;;) {
      const runnable = this.#queue.shift();
      if (runnable === undefined) break;
      this.#untilTimeCheck -= runnable.drain(BATCH);
      if (this.#untilTimeCheck > 0) continue;
      this.#untilTimeCheck = MESSAGES_PER_TIME_CHECK;
      const now = performance.now();
      if (now - this.#sliceStart < SLICE_MS) continue;
      this.#sliceStart = now;
      pauses++;
      setImmediate(() => {
        pauses--;
        this.#run();
      });
      return;
    }
    this.#armed = false;
  }
}
