/**
 * Bringing outputs of jobs to this machine.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { mkdir, mkdtemp, open, rename, rm, symlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { readArchive } from "../hosts/mod.ts";
import { asFileName } from "../launchers/mod.ts";
import type { JobOutput } from "../model/mod.ts";
import { FetchTargetError, OutputChangedError } from "./errors.ts";
import { treeHash } from "./tree_hash.ts";
import { Writes } from "./writes.ts";

/** An output that can be fetched. */
export type CollectedOutput = Extract<JobOutput, { status: "collected" }>;

/** How far a fetch has come. */
export interface FetchProgress {
  /** Bytes that have come so far. */
  readonly bytes: number;
  /** Bytes of all outputs that are fetched. */
  readonly total: number;
  /** The output that is being fetched. */
  readonly name: string;
}

/** An output on this machine. */
export interface FetchedOutput {
  /** The output as it was on the cluster. */
  readonly output: CollectedOutput;
  /** Where it lies now, absolute. */
  readonly path: string;
  /** Links in a directory that were left out: they lead out of it, or links cannot be made here. */
  readonly linksLeftOut: readonly { readonly path: string; readonly target: string }[];
}

/** Something in an output that is a directory, as it is read. */
export type FetchedEntry =
  & { readonly path: string }
  & (
    | {
      readonly kind: "file";
      /** Permission bits. */
      readonly mode: number;
      /** To be read before the next entry is asked for. */
      readonly content: AsyncIterable<Uint8Array>;
    }
    | { readonly kind: "directory" }
    | { readonly kind: "symlink"; readonly target: string }
  );

/** Through what outputs are read. */
export interface OutputSource {
  /** The bytes of an output that is a file. */
  file(output: CollectedOutput): AsyncIterable<Uint8Array>;
  /** All that an output holds that is a directory; the directories in it too. */
  tree(output: CollectedOutput): AsyncIterable<FetchedEntry>;
}

/**
 * What an output holds that comes as a tar archive.
 *
 * @param open Begins the archive; it ends when the signal is aborted.
 */
export async function* fetchedTree(
  open: (ended: AbortSignal) => AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<FetchedEntry> {
  const leaving = new AbortController();
  const ended = signal === undefined ? leaving.signal : AbortSignal.any([leaving.signal, signal]);
  try {
    for await (const file of readArchive(open(ended))) if (file.kind !== "other") yield file;
    signal?.throwIfAborted();
  } finally {
    leaving.abort();
  }
}

/**
 * Fetches outputs into a directory, each under its own name. A file takes the place of one of that name; a directory
 * must not be there yet. What did not arrive whole leaves nothing.
 *
 * @throws {OutputChangedError} What arrived is not what was there when the job ended.
 * @throws {FetchTargetError} It cannot be written here.
 */
export async function fetchOutputs(
  outputs: readonly CollectedOutput[],
  source: OutputSource,
  to: string,
  onProgress: (progress: FetchProgress) => void = () => {},
  signal?: AbortSignal,
): Promise<FetchedOutput[]> {
  const directory = resolve(to);
  const total = outputs.reduce((sum, { bytes }) => sum + bytes, 0);
  const fetched: FetchedOutput[] = [];
  let bytes = 0;
  const work = await writing(directory, async () => {
    await mkdir(directory, { recursive: true });
    return await mkdtemp(join(directory, ".sluice-"));
  });
  try {
    for (const [index, output] of outputs.entries()) {
      const { name } = output;
      const path = join(directory, asFileName(name));
      const part = join(work, String(index));
      const count = (length: number) => {
        signal?.throwIfAborted();
        bytes += length;
        onProgress({ bytes, total, name });
      };
      onProgress({ bytes, total, name });
      const { sha256, linksLeftOut } = output.kind === "file"
        ? { sha256: await writeFile(source.file(output), part, 0o600, count), linksLeftOut: [] }
        : await writeTree(source.tree(output), part, count);
      if (sha256 !== output.sha256) {
        throw new OutputChangedError(name, output.path, output.sha256, sha256);
      }
      await writing(path, () => rename(part, path));
      fetched.push({ output, path, linksLeftOut });
    }
    return fetched;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** A file of no more bytes is small. */
const SMALL_BYTES = 64 * 1024;

/** The beginning of a content, which is all of it where nothing is left. */
async function beginningOf(content: AsyncIterable<Uint8Array>): Promise<{
  readonly pieces: readonly Uint8Array[];
  readonly rest?: AsyncIterator<Uint8Array>;
}> {
  const rest = content[Symbol.asyncIterator]();
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  while (bytes <= SMALL_BYTES) {
    const { done, value } = await rest.next();
    if (done === true) return { pieces };
    pieces.push(value);
    bytes += value.length;
  }
  return { pieces, rest };
}

async function* joined(
  pieces: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* pieces;
  yield* { [Symbol.asyncIterator]: () => rest };
}

/** Writes bytes as a file; gives their SHA-256. */
async function writeFile(
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  path: string,
  mode: number,
  count: (bytes: number) => void,
): Promise<string> {
  const hash = createHash("sha256");
  const file = await writing(path, () => open(path, "wx", mode & 0o777 | 0o600));
  try {
    for await (const chunk of content) {
      hash.update(chunk);
      await writing(path, async () => {
        for (let at = 0; at < chunk.length;) {
          at += (await file.write(chunk, at, chunk.length - at)).bytesWritten;
        }
      });
      count(chunk.length);
    }
  } finally {
    await file.close();
  }
  return hash.digest("hex");
}

async function writeTree(
  entries: AsyncIterable<FetchedEntry>,
  root: string,
  count: (bytes: number) => void,
): Promise<
  { readonly sha256: string; readonly linksLeftOut: FetchedOutput["linksLeftOut"] }
> {
  const files: { readonly path: string; readonly sha256: string }[] = [];
  const directories: string[] = [];
  const links: { readonly path: string; readonly target: string }[] = [];
  const made = new Set<string>([root]);
  const makeDirectory = async (path: string) => {
    if (made.has(path)) return;
    await writing(path, () => mkdir(path, { recursive: true }));
    made.add(path);
  };
  const writes = new Writes();
  await writing(root, () => mkdir(root));
  try {
    for await (const entry of entries) {
      const path = join(root, entry.path);
      switch (entry.kind) {
        case "directory":
          directories.push(entry.path);
          await makeDirectory(path);
          break;
        case "symlink":
          links.push({ path: entry.path, target: entry.target });
          break;
        case "file": {
          await makeDirectory(dirname(path));
          const { pieces, rest } = await beginningOf(entry.content);
          const write = async (content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) => {
            const sha256 = await writeFile(content, path, entry.mode, count);
            files.push({ path: entry.path, sha256 });
          };
          if (rest === undefined) await writes.begin(() => write(pieces));
          else await write(joined(pieces, rest));
          break;
        }
      }
    }
    await writes.ended();
  } finally {
    await writes.settled();
  }
  const linksLeftOut: { readonly path: string; readonly target: string }[] = [];
  // At the end, so that nothing is written through one.
  for (const link of links) {
    const path = join(root, link.path);
    // A program may lack the right to make links, which Deno gives only with that to write everywhere.
    const made = !leadsOut(link, root) &&
      await symlink(link.target, path).then(() => true, () => false);
    if (!made) linksLeftOut.push(link);
  }
  return { sha256: treeHash({ files, directories, links }), linksLeftOut };
}

function leadsOut(
  { path, target }: { readonly path: string; readonly target: string },
  root: string,
) {
  const leads = resolve(root, dirname(path), target);
  return target.startsWith("/") || (leads !== root && !leads.startsWith(`${root}/`));
}

async function writing<Result>(path: string, write: () => Promise<Result>): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    throw new FetchTargetError(path, error);
  }
}
