import type { Cancellable, Clock } from "./clock.ts";
import type { StopReason } from "./stop_reason.ts";
import type { Child } from "./supervision.ts";

/**
 * One restart of a child and of those that its strategy restarts with it: they end in reverse order,
 * wait as long as the failed one's backoff says, and start in order.
 */
export class GroupRestart {
  readonly #members: Set<Child>;
  readonly #failed: Child;
  readonly #error: unknown;
  readonly #clock: Clock;
  readonly #onDone: () => void;
  #ending = true;
  #cancelled = false;
  #timer: Cancellable | undefined;

  /** Is begun by `run`. @param members in the order they were started, `failed` among them */
  constructor(
    failed: Child,
    members: Iterable<Child>,
    error: unknown,
    clock: Clock,
    onDone: () => void,
  ) {
    this.#failed = failed;
    this.#members = new Set(members);
    this.#error = error;
    this.#clock = clock;
    this.#onDone = onDone;
  }

  /** Whether the child is still to end, or ending, as part of this restart. */
  isEnding(child: Child): boolean {
    return this.#ending && this.#members.has(child);
  }

  /** Takes out a child that has stopped for good, or that another restart has taken over. */
  leave(child: Child): void {
    this.#members.delete(child);
    if (this.#members.size === 0) this.cancel();
  }

  /** Starts nobody any more. */
  cancel(): void {
    this.#cancelled = true;
    this.#timer?.cancel();
    this.#onDone();
  }

  /** Ends the members and sees to it that they start again. */
  async run(): Promise<void> {
    const reason: StopReason = { type: "restarting", error: this.#error };
    for (const member of [...this.#members].reverse()) {
      if (this.#cancelled) return;
      if (!this.#members.has(member)) continue;
      if (member !== this.#failed && member.restart === "temporary") {
        await member.stop({ type: "requested" });
      } else {
        await member.end(reason);
      }
    }
    if (this.#cancelled) return;
    this.#ending = false;
    const delayMs = this.#failed.restartDelay();
    for (const member of this.#members) member.awaitRestart(delayMs, this.#error);
    if (delayMs > 0) {
      this.#timer = this.#clock.setTimeout(() => this.#start(), delayMs);
    } else {
      this.#start();
    }
  }

  #start(): void {
    this.#onDone();
    for (const member of this.#members) member.start();
  }
}
