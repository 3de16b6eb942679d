/**
 * Work that Ctrl-C ends.
 *
 * @module
 */

import { interruptedCode } from "./exit_code.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Runs work until it ends or the user interrupts it.
 *
 * @returns The exit status: 0, or 130 after an interrupt.
 */
export async function interruptible(
  terminal: Terminal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<number> {
  const stop = new AbortController();
  const release = terminal.onInterrupt(() => stop.abort());
  try {
    await work(stop.signal);
  } finally {
    release();
  }
  return stop.signal.aborted ? interruptedCode : 0;
}
