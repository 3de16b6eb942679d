/**
 * One round of reading outputs: the cluster is asked for everything that anybody wants, at once.
 *
 * @module
 */

import type { Host } from "../../hosts/mod.ts";
import {
  availablePieces,
  parseSizes,
  readCommand,
  sizesCommand,
  splitPieces,
} from "./output_reads.ts";
import type { AvailablePiece, WantedPiece } from "./output_reads.ts";

/** How long files are known to be, by path: what a file had at some time, it still has. */
export type Sizes = ReadonlyMap<string, number>;

/** What a round found. */
export interface Round {
  /**
   * What was read of each wanted piece that has bytes; `"unread"` where they are there but could not be
   * read.
   */
  readonly parts: ReadonlyMap<WantedPiece, Uint8Array | "unread">;
  /** How long the files are now, those of the pieces that could not be read left out. */
  readonly sizes: Sizes;
}

/** The lane of the host's shells that carries the reads. */
export const OUTPUT_LANE = "output";

/**
 * Reads what there is of the wanted pieces: one command tells the sizes of the files, the next reads. Where
 * all that is wanted is known to be there, the first is not needed.
 *
 * @param known Sizes that an earlier round told.
 * @param budget Bytes in all; what bounds the memory of a round.
 */
export async function readRound(
  host: Host,
  wanted: readonly WantedPiece[],
  known: Sizes,
  budget: number,
  signal: AbortSignal,
): Promise<Round> {
  const paths = [...new Set(wanted.map(({ path }) => path))];
  const allThere = wanted.every(({ path, offset, maxBytes }) =>
    (known.get(path) ?? 0) >= offset + maxBytes
  );
  const sizes = allThere
    ? known
    : readSizes((await host.run(sizesCommand(paths), { lane: OUTPUT_LANE, signal })).stdout);
  const pieces = availablePieces(wanted, sizes, budget);
  if (pieces.length === 0) return { parts: new Map(), sizes };
  const together = await readPieces(host, pieces, paths, signal);
  if (together !== undefined) {
    return {
      parts: new Map(pieces.map(({ of }, index) => [of, together.parts[index] ?? "unread"])),
      sizes: together.sizes,
    };
  }
  // One file that cannot be read, or was cut short just now, must not keep the others from being read.
  const parts = new Map<WantedPiece, Uint8Array | "unread">();
  const rest = new Map(sizes);
  for (const piece of pieces) {
    const alone = await readPieces(host, [piece], [piece.path], signal);
    parts.set(piece.of, alone?.parts[0] ?? "unread");
    if (alone === undefined) rest.delete(piece.path);
  }
  return { parts, sizes: rest };
}

async function readPieces(
  host: Host,
  pieces: readonly AvailablePiece[],
  paths: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly parts: readonly Uint8Array[]; readonly sizes: Sizes } | undefined> {
  const command = readCommand(pieces, paths);
  const { exitCode, stdout, stderr } = await host.run(command, { lane: OUTPUT_LANE, signal });
  const parts = exitCode === 0 ? splitPieces(pieces, stdout) : undefined;
  return parts === undefined ? undefined : { parts, sizes: readSizes(stderr) };
}

function readSizes(output: Uint8Array): Sizes {
  return parseSizes(new TextDecoder().decode(output));
}
