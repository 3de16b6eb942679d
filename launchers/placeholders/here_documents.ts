/**
 * Here-documents. Pure.
 *
 * @module
 */

import { namesShell } from "./commands.ts";
import { Lost } from "./cursor.ts";
import type { Cursor } from "./cursor.ts";
import { expansion } from "./expansions.ts";
import { backquoted } from "./quotes.ts";
import { MARK } from "./shell_context.ts";
import type { HereDocument } from "./shell_context.ts";

/** A here-document that has been asked for, whose body is still to come. */
export interface Announced extends Omit<HereDocument, "line" | "rereads"> {
  /** Offset of its operator. */
  readonly from: number;
}

const OPERATOR = /<<(-?)[ \t]*(?:(["'])([\w.+:@%,/-]+)\2|(\\?)([\w.+:@%,/-]+))(?=[\s;&|<>)]|$)/y;

/** Reads the operator of a here-document with its delimiter. */
export function announced(cursor: Cursor): Announced {
  const from = cursor.at;
  OPERATOR.lastIndex = from;
  const match = OPERATOR.exec(cursor.text);
  if (match === null) {
    throw new Lost(
      from,
      "a here-document before it has a delimiter that cannot be told for sure",
    );
  }
  const [whole, dash, quote, inQuotes, backslash, bare = ""] = match;
  cursor.pass(whole.length);
  return {
    from,
    delimiter: inQuotes ?? bare,
    quoted: quote !== undefined || backslash !== "",
    stripsTabs: dash === "-",
  };
}

/** Whether what the line of a here-document's operator starts may read the document as code. */
function isReread(text: string, from: number): boolean {
  const joined = text.replaceAll("\\\n", "  ");
  const line = joined.slice(joined.lastIndexOf("\n", from) + 1, joined.indexOf("\n", from));
  // A pipe at its end leads to what stands behind the document.
  return namesShell(line) || /\|[ \t]*$/.test(line);
}

/** Reads the body of a here-document, up to and with the line that ends it. */
export function documentBody(
  cursor: Cursor,
  { from, delimiter, quoted, stripsTabs }: Announced,
): void {
  const { text } = cursor;
  const rereads = isReread(text, from);
  const isDelimiter = (line: string) =>
    (stripsTabs ? line.replace(/^\t+/, "") : line) === delimiter;
  // Whether a line is joined to the next, in which its delimiter may then not be seen.
  let goesOn = false;
  let joined = "";
  for (;;) {
    const start = cursor.at;
    const newline = text.indexOf("\n", start);
    const end = newline === -1 ? text.length : newline;
    const line = text.slice(start, end);
    const ends = isDelimiter(line);
    joined = (goesOn ? joined : "") + line.replace(/\\$/, "");
    if (goesOn && (ends || isDelimiter(joined))) throw new Lost(from);
    if (ends) {
      cursor.pass(line.length);
      if (newline !== -1) cursor.pass();
      return;
    }
    const document = { delimiter, quoted, stripsTabs, rereads, line: [start, end] } as const;
    cursor.document = document;
    if (quoted) verbatim(cursor, document);
    else goesOn = expanded(cursor, document, goesOn);
    cursor.document = undefined;
    // Without it the document has no end.
    cursor.pass();
  }
}

/** A line of which the shell changes nothing. */
function verbatim(cursor: Cursor, document: HereDocument): void {
  while (cursor.at < document.line[1]) {
    if (cursor.here() === MARK) cursor.mark({ kind: "document", document });
    else cursor.pass();
  }
}

/** A line that the shell expands; gives whether it goes on in the next. */
function expanded(cursor: Cursor, document: HereDocument, goesOn: boolean): boolean {
  const [start, end] = document.line;
  const troubleHere = () => {
    if (goesOn) return "the line before it ends with a backslash";
    return /\$(?:[A-Za-z_]\w*|[0-9#$!?*@-])$/.test(cursor.text.slice(start, cursor.at))
      ? "a variable stands before it: set its name in braces"
      : undefined;
  };
  while (cursor.at < end) {
    switch (cursor.here()) {
      case MARK: {
        const why = troubleHere();
        cursor.mark(why === undefined ? { kind: "document", document } : { kind: "refused", why });
        break;
      }
      case "\\":
        if (cursor.at + 1 === end) {
          cursor.pass();
          return true;
        }
        cursor.passEscaped();
        break;
      case "`":
        cursor.inOneLine(() => backquoted(cursor));
        break;
      case "$":
        cursor.inOneLine(() => expansion(cursor));
        break;
      default:
        cursor.pass();
    }
  }
  return false;
}
