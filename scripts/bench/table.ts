import type { Result } from "./benchmark.ts";

/**
 * The results as an aligned table for people, one row a case. Beside the numbers of others stands how many
 * times better ours is than theirs.
 */
export function table(results: readonly Result[]): string {
  const peers = [...new Set(results.flatMap((result) => Object.keys(result.peers)))];
  const rows = [
    ["case", "unit", "ours", "limit", ...peers, ""],
    ...results.map((result) => [
      `${result.bench} ${result.case}`,
      result.unit,
      result.ours.toLocaleString("en-US"),
      ...[result.limit, ...peers.map((peer) => result.peers[peer])].map((other) =>
        compared(result, other)
      ),
      Object.entries(result.figures ?? {}).map(([name, value]) => `${name} ${value}`).join(", "),
    ]),
  ];
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  );
  const line = (row: readonly string[]) =>
    row.map((cell, column) => {
      const width = widths?.[column] ?? 0;
      return column < 2 || column === row.length - 1 ? cell.padEnd(width) : cell.padStart(width);
    }).join("  ").trimEnd();
  return rows.map(line).join("\n");
}

/** How many times better ours is than another number of the same row. */
export function ratio({ ours, better }: Result, other: number): number {
  return better === "higher" ? ours / other : other / ours;
}

function compared(result: Result, other: number | null | undefined): string {
  if (other === null || other === undefined) return "-";
  return `${other.toLocaleString("en-US")} (${ratio(result, other).toFixed(2)}x)`;
}
