import { setImmediate } from "node:timers";

/** Messages in one round of `tell`. */
export const TELLS = 1_000_000;
/** Questions in one round of `ask`. */
export const ASKS = 50_000;
/** Actors in the ring. */
export const RING = 1_000;
/** Hops of the token in one round of `ring`. */
export const HOPS = 300_000;
/** How many messages may wait where mailboxes are bounded. */
export const CAPACITY = 1_000;

/** What the counting actors understand. */
export interface Add {
  /** Distinguishes it from other messages. */
  readonly type: "add";
  /** How much to add. */
  readonly by: number;
}

/** The one message that is sent over and over, so that making messages is not what is measured. */
export const ADD: Add = { type: "add", by: 1 };

/** Gives the event loop, and so every actor, a turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Throws unless all the work was done: a lost message would make a fast benchmark. */
export function verify(actual: number, expected: number): void {
  if (actual !== expected) throw new Error(`handled ${actual} of ${expected} messages`);
}
