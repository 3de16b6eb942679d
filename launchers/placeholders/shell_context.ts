/**
 * What there is to know of the place in a shell script where a value is to stand. Pure.
 *
 * @module
 */

import type { Command } from "./commands.ts";

/** What stands for one value in the text that is scanned. */
export const MARK = "\0";

/** The shells whose scripts can be followed. */
export type ShellName = "sh" | "dash" | "bash" | "ksh" | "zsh";

/** A here-document in whose body something stands. */
export interface HereDocument {
  /** The line that ends it. */
  readonly delimiter: string;
  /** Whether the shell expands nothing in it. */
  readonly quoted: boolean;
  /** Whether leading tabs are taken off its lines. */
  readonly stripsTabs: boolean;
  /** Whether a shell reads it as code. */
  readonly rereads: boolean;
  /** Where the line with the mark begins and ends in the text. */
  readonly line: readonly [start: number, end: number];
}

/** Where a mark stands. */
export type ShellContext =
  & { readonly document?: HereDocument }
  & (
    | { readonly kind: "comment" }
    /** Among the words of a command, outside of quotes or in them; `alone` says whether it is a word by itself. */
    | {
      readonly kind: "plain" | "double" | "single";
      readonly alone: boolean;
      readonly command: Command;
    }
    /** In the body of a here-document itself. */
    | { readonly kind: "document"; readonly document: HereDocument }
    /** Where no value can be put for sure, with the reason why. */
    | { readonly kind: "refused"; readonly why: string }
  );
