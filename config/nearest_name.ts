/**
 * The known name that a misspelt one was meant to be.
 *
 * @module
 */

/** Fewest insertions, removals, replacements and swaps of neighbours that turn one into the other. */
function distance(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 1; line <= from.length; line++) {
    const next = [line];
    for (let column = 1; column <= to.length; column++) {
      const same = from[line - 1] === to[column - 1];
      const swapped = line > 1 && column > 1 && from[line - 1] === to[column - 2] &&
        from[line - 2] === to[column - 1];
      next.push(Math.min(
        (row[column] ?? 0) + 1,
        (next[column - 1] ?? 0) + 1,
        (row[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (before[column - 2] ?? 0) + 1 : Infinity,
      ));
    }
    before = row;
    row = next;
  }
  return row[to.length] ?? 0;
}

/** Letters alone, so that `key_file` and `keyfile` both come near to `keyFile`. */
function bare(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}

/**
 * The known name nearest to the given one, or `undefined` where none is near: at most a third of its
 * letters differ.
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, cost: distance(bare(name), bare(candidate)) }))
    .filter(({ candidate, cost }) => cost <= Math.max(1, Math.floor(bare(candidate).length / 3)))
    .sort((left, right) => left.cost - right.cost);
  return ranked[0]?.candidate;
}
