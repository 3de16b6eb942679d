/**
 * Writing files on this machine as they come.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { type FileHandle, open, writeFile } from "node:fs/promises";
import { FetchTargetError } from "./errors.ts";

/** A file of no more bytes is written in one go, while the next ones come. */
const SMALL_BYTES = 256 * 1024;
/** Small files that are written at the same time; more are no faster. */
const SMALL_AT_ONCE = 8;

/** What is done with a file. */
export interface FileToWrite {
  /** Its bytes, to be read before the next file is. */
  readonly content: AsyncIterable<Uint8Array>;
  /** Where it is to be; nothing may be there. */
  readonly path: string;
  /** Its permission bits. Its owner may always read and write it. */
  readonly mode: number;
  /** Told how many more bytes have come. It may throw, which ends the writing. */
  readonly count: (bytes: number) => void;
}

/**
 * Writes one file after the other, and small ones while those behind them come: each asks the file system
 * several things, and waits for every answer.
 */
export class FilesWriter implements AsyncDisposable {
  readonly #writing = new Set<Promise<void>>();
  #failure: FetchTargetError | undefined;

  /**
   * Reads the file's content, which is written by the time of `written`; gives its SHA-256.
   *
   * @throws {FetchTargetError} It, or one before it, cannot be written.
   */
  async write({ content, path, mode, count }: FileToWrite): Promise<string> {
    const hash = createHash("sha256");
    const permissions = mode & 0o777 | 0o600;
    let file: FileHandle | undefined;
    let held: Uint8Array[] = [];
    let heldBytes = 0;
    try {
      for await (const chunk of content) {
        if (file === undefined && heldBytes + chunk.length <= SMALL_BYTES) {
          hash.update(chunk);
          held.push(chunk);
          heldBytes += chunk.length;
        } else {
          file ??= await writing(path, () => open(path, "wx", permissions));
          const part = heldBytes === 0 ? chunk : Buffer.concat([...held, chunk]);
          [held, heldBytes] = [[], 0];
          const written = writing(path, append(file, part));
          // Another thread writes meanwhile.
          hash.update(chunk);
          await written;
        }
        count(chunk.length);
      }
    } finally {
      await file?.close();
    }
    if (file === undefined) {
      const [only] = held;
      const bytes = held.length === 1 && only !== undefined ? only : Buffer.concat(held);
      await this.#whole(path, bytes, permissions);
    }
    return hash.digest("hex");
  }

  /**
   * Waits until all is written.
   *
   * @throws {FetchTargetError} Something could not be.
   */
  async written(): Promise<void> {
    await Promise.all(this.#writing);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Waits until nothing is being written any more, whether it could be or not. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#writing);
  }

  /** Begins to write a small file, once there is room for it. */
  async #whole(path: string, bytes: Uint8Array, mode: number): Promise<void> {
    while (this.#writing.size >= SMALL_AT_ONCE) await Promise.race(this.#writing);
    if (this.#failure !== undefined) throw this.#failure;
    const write = writeFile(path, bytes, { flag: "wx", mode }).catch((error: unknown) => {
      this.#failure ??= new FetchTargetError(path, error);
    }).finally(() => this.#writing.delete(write));
    this.#writing.add(write);
  }
}

/** Does something with a path on this machine. @throws {FetchTargetError} It fails. */
export async function writing<Result>(
  path: string,
  write: () => Promise<Result>,
): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    throw new FetchTargetError(path, error);
  }
}

function append(file: FileHandle, bytes: Uint8Array): () => Promise<void> {
  return async () => {
    for (let at = 0; at < bytes.length;) {
      at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
    }
  };
}
