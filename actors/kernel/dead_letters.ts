/**
 * Why a message or an answer reached nobody:
 * - `stopped`: it was sent to an actor that had stopped or was stopping.
 * - `mailbox-full`: there was no room for it.
 * - `unprocessed`: it was queued when the actor stopped.
 * - `interrupted`: it was being handled when the actor was stopped or restarted by force.
 * - `incarnation-ended`: a piped outcome came after the restart or stop of the actor that wanted it.
 * - `late-reply`: an answer to an ask that was over: answered, timed out, aborted or rejected.
 */
export type DeadLetterReason =
  | "stopped"
  | "mailbox-full"
  | "unprocessed"
  | "interrupted"
  | "incarnation-ended"
  | "late-reply";

/** A message that was not handled, kept so that its loss can be seen. */
export interface DeadLetter {
  /** The actor it was meant for; for a late reply, the actor that was asked. */
  readonly path: string;
  /** The message, or the late answer. */
  readonly message: unknown;
  /** Why it was not handled. */
  readonly reason: DeadLetterReason;
  /** When, in the clock's milliseconds. */
  readonly at: number;
}

/** The last dead letters, and how many there were in all. */
export class DeadLetters {
  readonly #letters: DeadLetter[] = [];
  #total = 0;
  #oldest = 0;

  /** Begins empty. @param capacity how many are kept; older ones are forgotten first */
  constructor(readonly capacity: number) {}

  /** How many there were since the start, forgotten ones included. */
  get total(): number {
    return this.#total;
  }

  /** Keeps one more. */
  add(letter: DeadLetter): void {
    this.#total++;
    if (this.capacity === 0) return;
    if (this.#letters.length < this.capacity) {
      this.#letters.push(letter);
    } else {
      this.#letters[this.#oldest] = letter;
      this.#oldest = (this.#oldest + 1) % this.capacity;
    }
  }

  /** Those that are kept, oldest first. */
  list(): readonly DeadLetter[] {
    return [...this.#letters.slice(this.#oldest), ...this.#letters.slice(0, this.#oldest)];
  }
}
