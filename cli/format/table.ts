/**
 * Aligned tables.
 *
 * @module
 */

import { padded, shorten, visible, width } from "./text.ts";

/** One column of a table. */
export interface Column<Row> {
  /** Heading. */
  readonly title: string;
  /** What stands in it. */
  readonly cell: (row: Row) => string;
  /** Default: left. */
  readonly align?: "left" | "right";
  /** Whether it may be cut to fit the terminal. Default: false. */
  readonly shrinks?: boolean;
}

const gap = "  ";
const leastWidth = 4;

/**
 * A table with a heading, one line for each row. Columns that may be cut are, the widest first, until
 * the lines fit.
 *
 * @param columns Columns of the terminal; without a number nothing is cut.
 */
export function table<Row>(
  rows: readonly Row[],
  layout: readonly Column<Row>[],
  columns?: number,
): string {
  const cells = [
    layout.map(({ title }) => title),
    ...rows.map((row) => layout.map(({ cell }) => visible(cell(row)))),
  ];
  const widths = layout.map((_, index) =>
    Math.max(...cells.map((line) => width(line[index] ?? "")))
  );
  const total = () => widths.reduce((sum, each) => sum + each, gap.length * (widths.length - 1));
  for (
    let over = total() - (columns ?? Infinity);
    over > 0;
    over = total() - (columns ?? Infinity)
  ) {
    const candidates = layout.flatMap(({ shrinks }, index) =>
      shrinks === true && (widths[index] ?? 0) > leastWidth ? [index] : []
    );
    const [widest] = candidates.sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0));
    if (widest === undefined) break;
    widths[widest] = Math.max(leastWidth, (widths[widest] ?? 0) - 1);
  }
  return cells.map((line) =>
    line.map((text, index) =>
      padded(shorten(text, widths[index] ?? 0), widths[index] ?? 0, layout[index]?.align)
    ).join(gap).trimEnd() + "\n"
  ).join("");
}

/** Names and values under each other, the values aligned; those that are `undefined` are left out. */
export function fields(entries: readonly (readonly [string, string | undefined])[]): string {
  const present = entries.flatMap(([name, value]) => value === undefined ? [] : [{ name, value }]);
  const widest = Math.max(0, ...present.map(({ name }) => name.length));
  return present.map(({ name, value }) => `${padded(name, widest)}  ${visible(value)}\n`).join("");
}
