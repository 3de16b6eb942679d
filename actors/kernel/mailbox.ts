const SMALLEST_RING = 16;

/**
 * A bounded first-in-first-out queue on a ring that grows to what is needed, so that neither putting
 * nor taking allocates. Items must not be `undefined`.
 */
export class Mailbox<T> {
  #ring: (T | undefined)[] = [];
  #mask = -1;
  #head = 0;
  #size = 0;

  /** Begins empty. @param capacity how many items `push` lets in; may be Infinity */
  constructor(readonly capacity: number) {}

  /** How many items are queued. */
  get size(): number {
    return this.#size;
  }

  /** Puts an item at the end, or returns false when the capacity is reached. */
  push(item: T): boolean {
    if (this.#size >= this.capacity) return false;
    this.pushAnyway(item);
    return true;
  }

  /** Puts an item at the end even when the capacity is reached. */
  pushAnyway(item: T): void {
    if (this.#size > this.#mask) this.#grow();
    this.#ring[(this.#head + this.#size) & this.#mask] = item;
    this.#size++;
  }

  /** Takes the first item, or `undefined` when there is none. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const head = this.#head;
    const item = this.#ring[head];
    this.#ring[head] = undefined;
    this.#head = (head + 1) & this.#mask;
    this.#size--;
    return item;
  }

  #grow(): void {
    const ring: (T | undefined)[] = new Array(Math.max(SMALLEST_RING, this.#ring.length * 2));
    ring.fill(undefined);
    for (let index = 0; index < this.#size; index++) {
      ring[index] = this.#ring[(this.#head + index) & this.#mask];
    }
    this.#ring = ring;
    this.#mask = ring.length - 1;
    this.#head = 0;
  }
}
