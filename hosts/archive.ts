/**
 * Reading the files in a tar archive, as it comes.
 *
 * @module
 */

// @ts-types="@types/tar-stream"
import { extract } from "tar-stream";
import type { Entry } from "tar-stream";
import { checkPathBelow } from "./file_errors.ts";

/** One of the files in an archive. */
export type ArchivedFile =
  & {
    /** Where, below the directory: it never leads out of it. */
    readonly path: string;
    /** Permission bits. */
    readonly mode: number;
  }
  & (
    | {
      readonly kind: "file";
      /** To be read before the next file is asked for; what is not read by then is skipped. */
      readonly content: AsyncIterable<Uint8Array>;
    }
    | { readonly kind: "directory" }
    /** Told, never followed; its target may lead anywhere. */
    | { readonly kind: "symlink"; readonly target: string }
    /** A device or a pipe, of which there is nothing to read. */
    | { readonly kind: "other" }
  );

/**
 * The files in an archive, one after the other. What ends the bytes early ends the loop over the files; whoever leaves
 * that early has to see to the end of the bytes.
 *
 * @param chunks The bytes of the archive.
 * @throws {UnsafePathError} A path could lead out of the directory.
 */
export async function* readArchive(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<ArchivedFile, void, void> {
  const archive = extract();
  const fed = feed(chunks, archive).catch((error: unknown) => {
    archive.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  });
  fed.catch(() => {});
  try {
    for await (const entry of archive) {
      const file = archivedFile(entry);
      if (file !== undefined) yield file;
      // Does nothing where all of it was read.
      entry.resume();
    }
    await fed;
  } finally {
    archive.destroy();
  }
}

async function feed(
  chunks: AsyncIterable<Uint8Array>,
  archive: ReturnType<typeof extract>,
): Promise<void> {
  const closed = Promise.withResolvers<void>();
  archive.once("close", closed.resolve);
  for await (const chunk of chunks) {
    if (archive.destroyed) break;
    if (archive.write(chunk)) continue;
    const drained = Promise.withResolvers<void>();
    archive.once("drain", drained.resolve);
    await Promise.race([drained.promise, closed.promise]);
  }
  archive.end();
}

/** What an entry of the archive is; the directory itself is nothing. */
function archivedFile(entry: Entry): ArchivedFile | undefined {
  const { header } = entry;
  const path = header.name.replace(/^\.\//, "").replace(/\/$/, "");
  if (path === "" || path === ".") return undefined;
  checkPathBelow(path);
  const known = { path, mode: (header.mode ?? 0) & 0o7777 };
  switch (header.type) {
    case "file":
    case "contiguous-file":
    case undefined:
    case null:
      return { ...known, kind: "file", content: entry };
    case "directory":
      return { ...known, kind: "directory" };
    case "symlink":
      return { ...known, kind: "symlink", target: header.linkname ?? "" };
    default:
      return { ...known, kind: "other" };
  }
}
