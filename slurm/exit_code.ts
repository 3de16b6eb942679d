/**
 * How Slurm writes the way in which a process ended.
 *
 * @module
 */

/** The way in which a process ended. */
export interface ExitStatus {
  /** The process's own exit status. 0 beside a signal says nothing. */
  readonly exitCode: number;
  /** Number of the signal that ended it, where one did. */
  readonly signal?: number;
}

function status(exitCode: number, signal: number): ExitStatus {
  return signal === 0 ? { exitCode } : { exitCode, signal };
}

/**
 * The status as sacct prints it, `3:0` or `0:9`, or as squeue does, in the raw form of wait(2): `768`.
 *
 * @returns `undefined` for anything else.
 */
export function parseExitStatus(text: string | undefined): ExitStatus | undefined {
  const match = /^\s*(\d{1,10})(?::(\d{1,10}))?\s*$/.exec(text ?? "");
  if (match === null) return undefined;
  const [, first = "", second] = match;
  // The high bit of the signal tells of a core dump.
  if (second !== undefined) return status(Number(first), Number(second) & 0x7f);
  const raw = Number(first);
  return raw > 0xffff ? undefined : status(raw >> 8, raw & 0x7f);
}
