import type { Result } from "./benchmark.ts";

/** The results as an aligned table for people, one row a case. */
export function table(results: readonly Result[]): string {
  const peers = [...new Set(results.flatMap((result) => Object.keys(result.peers)))];
  const rows = [
    ["case", "unit", "ours", "limit", ...peers],
    ...results.map((result) => [
      `${result.bench} ${result.case}`,
      result.unit,
      rate(result.ours),
      rate(result.limit),
      ...peers.map((peer) => rate(result.peers[peer])),
    ]),
  ];
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  );
  const line = (row: readonly string[]) =>
    row.map((cell, column) => {
      const width = widths?.[column] ?? 0;
      return column < 2 ? cell.padEnd(width) : cell.padStart(width);
    }).join("  ").trimEnd();
  return rows.map(line).join("\n");
}

function rate(value: number | undefined): string {
  return value === undefined ? "-" : value.toLocaleString("en-US");
}
