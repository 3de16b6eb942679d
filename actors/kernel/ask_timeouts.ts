import type { PendingAsk } from "./ask.ts";
import type { Cancellable, Clock } from "./clock.ts";
import { InvalidOptionError } from "./errors.ts";

/**
 * How long a timer may stay armed for asks that are already answered, in ms. Most asks are answered
 * much sooner than they time out: arming and disarming a timer for each would cost more than the ask.
 */
const LINGER_MS = 50;

/**
 * The timeouts of all asks of a system. Asks with the same timeout end in the order they began, so each
 * length of timeout needs one list and at most one timer.
 */
export class AskTimeouts {
  readonly #clock: Clock;
  readonly #lists = new Map<number, TimeoutList>();
  /** The list that was added to last: nearly always the one that is wanted next. */
  #latest: TimeoutList | undefined = undefined;

  /** Has no timer armed until the first ask. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Starts the time of an ask. @throws {InvalidOptionError} unless its timeout is above 0 */
  add(ask: PendingAsk): void {
    const { timeoutMs } = ask;
    if (timeoutMs === Infinity) return;
    if (this.#latest?.timeoutMs !== timeoutMs) this.#latest = this.#list(timeoutMs);
    this.#latest.add(ask);
  }

  /** Disarms what is left when the system has stopped. */
  close(): void {
    for (const list of this.#lists.values()) list.close();
  }

  #list(timeoutMs: number): TimeoutList {
    const known = this.#lists.get(timeoutMs);
    if (known !== undefined) return known;
    if (!(timeoutMs > 0)) throw new InvalidOptionError("timeoutMs", timeoutMs, "above 0");
    const list = new TimeoutList(timeoutMs, this.#clock, () => {
      this.#lists.delete(timeoutMs);
      if (this.#latest === list) this.#latest = undefined;
    });
    this.#lists.set(timeoutMs, list);
    return list;
  }
}

/** The asks of one length of timeout, oldest first. */
export class TimeoutList {
  /** The timeout of all of them, in ms. */
  readonly timeoutMs: number;
  readonly #clock: Clock;
  readonly #onIdle: () => void;
  readonly #tick = () => this.#onTick();
  /** Whether the clock leaves enough slack for the next tick to tell when an ask began. */
  readonly #mayDate: boolean;
  #first: PendingAsk | undefined = undefined;
  #last: PendingAsk | undefined = undefined;
  #timer: Cancellable | undefined = undefined;
  /** Whether the timer is armed for longer than it may linger. */
  #armedForLong = false;

  /** Is empty. @param onIdle is called when the list is empty and has no timer: it can be forgotten */
  constructor(timeoutMs: number, clock: Clock, onIdle: () => void) {
    this.timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#onIdle = onIdle;
    this.#mayDate = (clock.slackMs ?? 0) >= LINGER_MS;
  }

  /** Starts the time of an ask. */
  add(ask: PendingAsk): void {
    ask.timeoutList = this;
    ask.earlier = this.#last;
    if (this.#last === undefined) this.#first = ask;
    else this.#last.later = ask;
    this.#last = ask;
    if (this.#timer === undefined) {
      ask.deadline = this.#clock.now() + this.timeoutMs;
      this.#arm(Math.min(this.timeoutMs, LINGER_MS));
    } else if (this.#armedForLong || !this.#mayDate) {
      ask.deadline = this.#clock.now() + this.timeoutMs;
    }
  }

  /** Ends the time of an ask. */
  remove(ask: PendingAsk): void {
    if (ask.earlier === undefined) this.#first = ask.later;
    else ask.earlier.later = ask.later;
    if (ask.later === undefined) this.#last = ask.earlier;
    else ask.later.earlier = ask.earlier;
    ask.earlier = undefined;
    ask.later = undefined;
    if (this.#first === undefined && this.#armedForLong) this.close();
  }

  /** Disarms the timer. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#armedForLong = false;
    this.#onIdle();
  }

  #arm(delayMs: number): void {
    this.#armedForLong = delayMs > LINGER_MS;
    this.#timer = this.#clock.setTimeout(this.#tick, delayMs);
  }

  #onTick(): void {
    this.#timer = undefined;
    this.#armedForLong = false;
    const now = this.#clock.now();
    for (let ask = this.#last; ask !== undefined && ask.deadline === undefined; ask = ask.earlier) {
      ask.deadline = now + this.timeoutMs;
    }
    while (this.#first?.deadline !== undefined && this.#first.deadline <= now) {
      this.#first.timeOut();
    }
    if (this.#first?.deadline === undefined) this.#onIdle();
    else this.#arm(this.#first.deadline - now);
  }
}
