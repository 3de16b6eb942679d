/**
 * What is known of the archives on this machine.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { Platform } from "../model/mod.ts";
import { archiveFormat, FORMAT_HEAD_BYTES } from "./archive_format.ts";
import type { ArchiveFormat } from "./archive_format.ts";
import { archivePlatform } from "./archive_platform.ts";
import { ArchiveInvalidError, ArchiveUnreadableError } from "./errors.ts";
import { SharedWork } from "./shared_work.ts";

/** An archive on this machine. */
export interface LocalArchive {
  /** Where it lies. */
  readonly path: string;
  /** SHA-256 of what it holds, in hex. */
  readonly sha256: string;
  /** Its size in bytes. */
  readonly size: number;
  /** What it runs on, where its programs tell or somebody has said so. */
  readonly platform?: Platform;
}

/** What tells whether a file is the one that was read before. */
interface Stamp {
  readonly size: number;
  readonly mtime: number | undefined;
  readonly ino: number | null;
}

interface Read {
  readonly stamp: Stamp;
  readonly sha256: string;
  readonly format: ArchiveFormat;
  /** Looked for when somebody first wants it. */
  platform: { readonly found: Platform | undefined } | undefined;
}

function same(one: Stamp, other: Stamp): boolean {
  return one.size === other.size && one.mtime === other.mtime && one.ino === other.ino;
}

async function stampOf(path: string): Promise<Stamp> {
  try {
    const { size, mtime, ino, isFile } = await Deno.stat(path);
    if (!isFile) throw new TypeError("it is no file");
    return { size, mtime: mtime?.getTime(), ino };
  } catch (error) {
    throw new ArchiveUnreadableError(path, error);
  }
}

async function read(path: string, stamp: Stamp, signal: AbortSignal): Promise<Read> {
  const hash = createHash("sha256");
  const head = new Uint8Array(FORMAT_HEAD_BYTES);
  let filled = 0;
  try {
    using file = await Deno.open(path);
    for await (const chunk of file.readable) {
      signal.throwIfAborted();
      if (filled < head.length) {
        const part = chunk.subarray(0, head.length - filled);
        head.set(part, filled);
        filled += part.length;
      }
      hash.update(chunk);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw new ArchiveUnreadableError(path, error);
  }
  const format = archiveFormat(head);
  if (format === undefined) {
    throw new ArchiveInvalidError(path, "it is neither a tar archive nor a script");
  }
  return { stamp, sha256: hash.digest("hex"), format, platform: undefined };
}

/** Reads archives, each once as long as it stays as it is. */
export class Archives {
  readonly #known = new Map<string, Read>();
  readonly #reading = new SharedWork<Read>();
  readonly #looking = new SharedWork<Platform | undefined>();

  /**
   * What is known of an archive.
   *
   * @param platform What it runs on, where somebody has said so. Default: what its programs tell.
   * @throws {ArchiveUnreadableError} It is not there, or may not be read.
   * @throws {ArchiveInvalidError} It is no archive.
   * @throws {ArchiveOpaqueError} What unpacks it here is missing.
   */
  async describe(
    path: string,
    platform: Platform | undefined,
    signal: AbortSignal,
  ): Promise<LocalArchive> {
    const stamp = await stampOf(path);
    // What is known by now needs no work that the signal could end.
    signal.throwIfAborted();
    const known = await this.#read(path, stamp, signal);
    const { sha256, stamp: { size } } = known;
    const fits = platform ?? await this.#platform(path, known, signal);
    return { path, sha256, size, ...(fits === undefined ? {} : { platform: fits }) };
  }

  async #read(path: string, stamp: Stamp, signal: AbortSignal): Promise<Read> {
    const before = this.#known.get(path);
    if (before !== undefined && same(before.stamp, stamp)) return before;
    const key = JSON.stringify([path, stamp]);
    const known = await this.#reading.get(key, signal, (signal) => read(path, stamp, signal));
    this.#known.set(path, known);
    return known;
  }

  async #platform(path: string, known: Read, signal: AbortSignal): Promise<Platform | undefined> {
    if (known.platform !== undefined) return known.platform.found;
    const found = await this.#looking.get(
      known.sha256,
      signal,
      (signal) => archivePlatform(path, known.format, signal),
    );
    known.platform = { found };
    return found;
  }
}
