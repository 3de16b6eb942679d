/**
 * Which calls travel together.
 *
 * @module
 */

import type { OperationLink, TRPCLink } from "@trpc/client";
import type { Unsubscribable } from "@trpc/server/observable";
import { observable } from "@trpc/server/observable";
import type { AppRouter } from "./router.ts";

/** Calls the function once everything that is ready to run has run. A timer takes milliseconds to do so. */
function soon(run: () => void): void {
  if (typeof setImmediate === "function") setImmediate(run);
  else setTimeout(run);
}

/**
 * Sends the calls of one turn of the event loop together, and one that has no company alone: tRPC's batches
 * wait for a timer, which takes longer than a call.
 *
 * @param alone Sends one call at once.
 * @param together Sends calls in batches.
 */
export function inCompany(
  alone: TRPCLink<AppRouter>,
  together: TRPCLink<AppRouter>,
): TRPCLink<AppRouter> {
  return (runtime) => {
    const links = { alone: alone(runtime), together: together(runtime) };
    let waiting: ((link: OperationLink<AppRouter>) => void)[] = [];
    const send = () => {
      const calls = waiting;
      waiting = [];
      for (const call of calls) call(calls.length === 1 ? links.alone : links.together);
    };
    return ({ op, next }) =>
      observable((observer) => {
        let sent: Unsubscribable | undefined;
        let left = false;
        waiting.push((link) => {
          if (!left) sent = link({ op, next }).subscribe(observer);
        });
        if (waiting.length === 1) soon(send);
        return () => {
          left = true;
          sent?.unsubscribe();
        };
      });
  };
}
