/**
 * The checksum of a directory, as the script of a job makes it. Pure.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

/** All that a directory holds, by paths below it. */
export interface Tree {
  /** Its files, with the SHA-256 of each. */
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
  /** The directories in it. */
  readonly directories: readonly string[];
  /** The links in it. */
  readonly links: readonly { readonly path: string; readonly target: string }[];
}

function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/**
 * SHA-256 of a directory: of the sorted checksums and paths of its files, the sorted paths of its directories, and
 * those of its links with their targets. The order is that of the bytes.
 */
export function treeHash({ files, directories, links }: Tree): string {
  const hash = createHash("sha256");
  const below = (path: string) => `./${path}`;
  const filesInOrder = files.toSorted((a, b) => byBytes(a.path, b.path));
  for (const { path, sha256 } of filesInOrder) hash.update(`${sha256}  ${below(path)}\0`);
  hash.update("\0");
  for (const path of [".", ...directories.map(below)].sort(byBytes)) hash.update(`${path}\0`);
  hash.update("\0");
  const linksInOrder = links.toSorted((a, b) => byBytes(a.path, b.path));
  for (const { path } of linksInOrder) hash.update(`${below(path)}\0`);
  hash.update("\0");
  for (const { target } of linksInOrder) hash.update(`${target}\0`);
  return hash.digest("hex");
}
