import type { AskTimeouts } from "./ask_timeouts.ts";
import type { Clock } from "./clock.ts";
import type { DeadLetters } from "./dead_letters.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { LifecycleStream } from "./lifecycle.ts";
import type { RandomSource } from "./random.ts";

/** What all actors of one system share. */
export interface Runtime {
  /** Where time comes from. */
  readonly clock: Clock;
  /** Where chance comes from. */
  readonly random: RandomSource;
  /** Gives actors their turns. */
  readonly dispatcher: Dispatcher;
  /** Ends asks whose time is up. */
  readonly askTimeouts: AskTimeouts;
  /** Tells what happens. */
  readonly events: LifecycleStream;
  /** Keeps what reached nobody. */
  readonly deadLetters: DeadLetters;
  /** The mailbox capacity of actors whose options name none. */
  readonly mailboxCapacity: number;
}
