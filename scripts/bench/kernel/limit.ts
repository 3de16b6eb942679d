import type { Contender } from "../benchmark.ts";
import { ADD, type Add, ASKS, CAPACITY, HOPS, RING, TELLS, turn, verify } from "./workload.ts";

/** A bounded ring that a microtask empties: no actor can do with less. */
class BareQueue<T> {
  readonly #handle: (item: T) => void;
  readonly #drain = () => this.#empty();
  readonly #ring: (T | undefined)[] = new Array(1_024).fill(undefined);
  #head = 0;
  #size = 0;
  #scheduled = false;

  constructor(handle: (item: T) => void) {
    this.#handle = handle;
  }

  push(item: T): boolean {
    if (this.#size === CAPACITY) return false;
    this.#ring[(this.#head + this.#size++) & 1_023] = item;
    if (!this.#scheduled) {
      this.#scheduled = true;
      queueMicrotask(this.#drain);
    }
    return true;
  }

  #empty(): void {
    while (this.#size > 0) {
      const item = this.#ring[this.#head];
      this.#ring[this.#head] = undefined;
      this.#head = (this.#head + 1) & 1_023;
      this.#size--;
      if (item !== undefined) this.#handle(item);
    }
    this.#scheduled = false;
  }
}

/** The queue and a function that counts. */
export function tell(): Contender {
  let count = 0;
  const queue = new BareQueue<Add>((message) => {
    count += message.by;
  });
  return {
    async run() {
      count = 0;
      for (let sent = 0; sent < TELLS;) {
        if (queue.push(ADD)) sent++;
        else await turn();
      }
      await turn();
      verify(count, TELLS);
      return TELLS;
    },
  };
}

/** A promise that is resolved by way of the queue. */
export function ask(): Contender {
  const queue = new BareQueue<(answer: number) => void>((resolve) => resolve(1));
  return {
    async run() {
      let answers = 0;
      for (let asked = 0; asked < ASKS; asked++) {
        answers += await new Promise<number>((resolve) => void queue.push(resolve));
      }
      verify(answers, ASKS);
      return ASKS;
    },
  };
}

interface Token {
  readonly at: number;
  readonly hops: number;
}

/** The ring's functions in an array, and one queue for all of them. */
export function ring(): Contender {
  let arrived = () => {};
  const links = Array.from({ length: RING }, (_, index) => (hops: number) => {
    if (hops === 0) arrived();
    else queue.push({ at: (index + 1) % RING, hops: hops - 1 });
  });
  const queue = new BareQueue<Token>((token) => links[token.at]?.(token.hops));
  return {
    async run() {
      const done = new Promise<void>((resolve) => arrived = resolve);
      queue.push({ at: 0, hops: HOPS });
      await done;
      return HOPS;
    },
  };
}
