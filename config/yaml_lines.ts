/**
 * Where the keys of a YAML document stand.
 *
 * The parser gives values without places, so this reads the block structure once more, by indentation
 * alone. What it does not see (flow collections, anchors, multi-line scalars) degrades to the line of
 * the nearest ancestor, which is still the right neighbourhood.
 *
 * @module
 */

type Path = readonly (string | number)[];

interface Frame {
  /** Column at which the keys or dashes of this level stand. */
  readonly indent: number;
  readonly kind: "key" | "item";
  readonly path: Path;
}

const keyPattern =
  /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|([^\s"'#[\]{},&*!|>%@`][^#]*?))\s*:(?=\s|$)/;

function pathKey(path: Path): string {
  return JSON.stringify(path);
}

/** Lines of the keys and list entries of a YAML document. */
export interface YamlLines {
  /** Line of the path, counted from 1, or that of its nearest ancestor. */
  lineOf(path: Path): number;
  /** Line of the first value that has a tag such as `!include`, if there is one. */
  readonly taggedLine: number | undefined;
}

/** Reads where each key and list entry of the document stands. */
export function yamlLines(text: string): YamlLines {
  const lines = new Map<string, number>();
  let stack: Frame[] = [];
  const items = new Map<string, number>();
  let scalarIndent: number | undefined;
  let taggedLine: number | undefined;

  text.split(/\r?\n/).forEach((line, index) => {
    let column = line.length - line.trimStart().length;
    let rest = line.slice(column);
    if (rest === "") return;
    if (scalarIndent !== undefined && column > scalarIndent) return;
    scalarIndent = undefined;
    if (rest.startsWith("#") || /^(?:---|\.\.\.|%)/.test(line)) return;
    const number = index + 1;

    while (/^-(?:\s|$)/.test(rest)) {
      // A dash may stand in the same column as the key that it belongs to.
      const owner = column;
      stack = stack.filter((frame) =>
        frame.indent < owner || (frame.indent === owner && frame.kind === "key")
      );
      const parent = stack.at(-1)?.path ?? [];
      const place = items.get(pathKey(parent)) ?? 0;
      items.set(pathKey(parent), place + 1);
      const path = [...parent, place];
      lines.set(pathKey(path), number);
      stack.push({ indent: column, kind: "item", path });
      const blanks = /^-\s*/.exec(rest)?.[0].length ?? 1;
      column += blanks;
      rest = rest.slice(blanks);
    }

    const match = keyPattern.exec(rest);
    let value = rest;
    if (match !== null) {
      const keyColumn = column;
      stack = stack.filter((frame) => frame.indent < keyColumn);
      const key = match[1] ?? match[2]?.replaceAll("''", "'") ?? match[3] ?? "";
      const path = [...(stack.at(-1)?.path ?? []), key];
      lines.set(pathKey(path), number);
      stack.push({ indent: keyColumn, kind: "key", path });
      value = rest.slice(match[0].length).trim();
    }
    if (value.startsWith("!")) taggedLine ??= number;
    if (/^[|>][-+0-9]*\s*(?:#.*)?$/.test(value)) {
      scalarIndent = stack.at(-1)?.indent ?? 0;
    }
  });

  return {
    taggedLine,
    lineOf(path) {
      for (let length = path.length; length > 0; length--) {
        const line = lines.get(pathKey(path.slice(0, length)));
        if (line !== undefined) return line;
      }
      return 1;
    },
  };
}
