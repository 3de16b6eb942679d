/**
 * What is sent for an input, before anything is sent.
 *
 * @module
 */

/** The bytes of one file, by what they are. */
export interface Content {
  /** Their SHA-256, in hex. */
  readonly sha256: string;
  /** How many they are. */
  readonly size: number;
  /** Whether the file is a program. */
  readonly executable: boolean;
  /** Where they come from: a path on this machine, or the bytes themselves. */
  readonly source: string | Uint8Array;
}

/** Something that an input holds, below its own place. */
export type ContentEntry =
  & {
    /** Where, in parts with `/` between them. */
    readonly path: string;
  }
  & (
    | { readonly kind: "file"; readonly content: Content }
    | { readonly kind: "directory" }
    /** A link to something else in the same input. */
    | { readonly kind: "symlink"; readonly target: string }
  );

/** All of an input. */
export type InputContent =
  & {
    /** SHA-256 of it all, in hex. */
    readonly sha256: string;
  }
  & (
    | { readonly kind: "file"; readonly content: Content }
    | { readonly kind: "tree"; readonly entries: readonly ContentEntry[] }
  );

/** The contents of all files of an input. */
export function contentsOf(input: InputContent): readonly Content[] {
  return input.kind === "file"
    ? [input.content]
    : input.entries.flatMap((entry) => entry.kind === "file" ? [entry.content] : []);
}

/** Name of a content where contents are kept: programs apart, since the mode belongs to the file. */
export function storedName({ sha256, executable }: Content): string {
  return executable ? `${sha256}.x` : sha256;
}
