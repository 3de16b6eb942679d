/**
 * Reading the outputs of many jobs in one command. Pure.
 *
 * @module
 */

import { commandLine, quote } from "../../shell/mod.ts";

/** A piece of a file that is wanted. */
export interface WantedPiece {
  /** Path of the file. */
  readonly path: string;
  /** First byte wanted. */
  readonly offset: number;
  /** How many bytes at the most. */
  readonly maxBytes: number;
}

/** A piece of a file that is there to be read. */
export interface AvailablePiece {
  /** What it is a part of, or all of. */
  readonly of: WantedPiece;
  /** Path of the file. */
  readonly path: string;
  /** First byte. */
  readonly offset: number;
  /** Number of bytes. */
  readonly length: number;
}

/** The command that prints the size of each file that exists. */
export function sizesCommand(paths: readonly string[]): string {
  return printSizes(paths, "2>/dev/null");
}

function printSizes(paths: readonly string[], redirections: string): string {
  const stat = commandLine(["stat", "-L", "--printf", "%s\\037%n\\036", "--", ...paths]);
  // A file that is not there yet is no trouble: it just has no line.
  return `${stat} ${redirections} || :`;
}

/** The sizes in the output of {@linkcode sizesCommand}, by path. */
export function parseSizes(output: string): ReadonlyMap<string, number> {
  return new Map(
    output.split("\x1e").flatMap((record): [string, number][] => {
      const separator = record.indexOf("\x1f");
      const size = record.slice(0, separator);
      return separator > 0 && /^\d{1,16}$/.test(size)
        ? [[record.slice(separator + 1), Number(size)]]
        : [];
    }),
  );
}

/**
 * What can be read now: for each piece that has bytes, as many as `budget` leaves, shared fairly.
 *
 * @param budget Bytes in all; what bounds the memory of one round.
 */
export function availablePieces(
  wanted: readonly WantedPiece[],
  sizes: ReadonlyMap<string, number>,
  budget: number,
): AvailablePiece[] {
  const ready = wanted.flatMap((of) => {
    const { path, offset } = of;
    const length = Math.min(of.maxBytes, (sizes.get(path) ?? 0) - offset);
    return length > 0 ? [{ of, path, offset, length }] : [];
  });
  let left = budget;
  let sharers = ready.length;
  // The smallest first, so that what they leave of their share goes to the others.
  return ready.sort((a, b) => a.length - b.length).map((piece) => {
    const length = Math.min(piece.length, Math.max(1, Math.floor(left / sharers)));
    left -= length;
    sharers -= 1;
    return { ...piece, length };
  });
}

/**
 * The command that prints exactly the given pieces, one behind the other, and on standard error the sizes
 * of the files as they are by then, as {@linkcode sizesCommand} does. It fails where a piece cannot be read.
 */
export function readCommand(
  pieces: readonly AvailablePiece[],
  paths: readonly string[],
): string {
  const reads = pieces.map(({ path, offset, length }) =>
    `dd if=${
      quote(path)
    } bs=262144 iflag=skip_bytes,count_bytes,fullblock skip=${offset} count=${length} status=none`
  );
  return [...reads, `{ ${printSizes(paths, ">&2 2>/dev/null")}; }`].join(" && ");
}

/**
 * The pieces in the output of {@linkcode readCommand}, or `undefined` when it is not as long as it must
 * be: a file was cut short in between, and it cannot be told where.
 */
export function splitPieces(
  pieces: readonly AvailablePiece[],
  output: Uint8Array,
): readonly Uint8Array[] | undefined {
  const total = pieces.reduce((sum, { length }) => sum + length, 0);
  if (output.length !== total) return undefined;
  if (pieces.length === 1) return [output];
  let start = 0;
  // Copies, since a view keeps the bytes of all the others in memory for as long as its reader takes.
  return pieces.map(({ length }) => output.slice(start, start += length));
}
