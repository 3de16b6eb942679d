/**
 * Appends to the journal, however long the journal cannot take anything.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { SluiceError } from "../../model/mod.ts";
import type { Journal, JournalEntry } from "../../store/mod.ts";
import { Backoff } from "../kernel/mod.ts";
import type { ActorContext, Clock } from "../kernel/mod.ts";

const log = getLogger(["sluice", "job"]);

/** Waits before the journal is tried again, in ms. */
const AGAIN = { minMs: 1_000, maxMs: 30_000 };

/** Resolves after `ms`, or rejects with the signal's reason as soon as it is aborted. */
function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = clock.setTimeout(resolve, ms);
  const abort = () => {
    timer.cancel();
    reject(signal.reason);
  };
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return promise.finally(() => signal.removeEventListener("abort", abort));
}

/**
 * Appends the entries. While the journal has a trouble that passes, such as a full disk, nothing of them
 * is stored, and it is tried again, ever more seldom.
 *
 * @returns Whether it had to wait.
 * @throws Any other error of the journal, and the reason of the context's signal once that is aborted.
 */
export async function persist<Message>(
  journal: Journal,
  entries: readonly JournalEntry[],
  ctx: ActorContext<Message>,
): Promise<boolean> {
  const backoff = new Backoff(AGAIN, ctx.random);
  for (let waited = false;; waited = true) {
    try {
      await journal.append(entries);
      return waited;
    } catch (error) {
      if (!(error instanceof SluiceError) || !error.retryable) throw error;
      const delayMs = backoff.next(0);
      log.warn("{path} waits {delayMs} ms for the journal: {error}", {
        path: ctx.path,
        delayMs,
        error,
      });
      await pause(ctx.clock, delayMs, ctx.signal);
    }
  }
}
