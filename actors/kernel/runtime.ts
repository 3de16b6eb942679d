import type { AskTimeouts } from "./ask_timeouts.ts";
import type { Clock } from "./clock.ts";
import type { DeadLetters } from "./dead_letters.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { LifecycleStream } from "./lifecycle.ts";
import type { RandomSource } from "./random.ts";

/** What all actors of one system share. */
export interface Runtime {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly dispatcher: Dispatcher;
  readonly askTimeouts: AskTimeouts;
  readonly events: LifecycleStream;
  readonly deadLetters: DeadLetters;
  /** The mailbox capacity of actors whose options name none. */
  readonly mailboxCapacity: number;
}
