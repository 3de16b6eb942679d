/**
 * Writing many files in one stream, as a tar archive that the host unpacks.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
// @ts-types="@types/tar-stream"
import { pack } from "tar-stream";
import type { Headers, Pack } from "tar-stream";
import { quote } from "../shell/mod.ts";
import { checkPathBelow } from "./file_errors.ts";
import { IN_C_LOCALE } from "./file_info.ts";
import type { FileEntry, PutFilesOptions } from "./host.ts";
import { collect, receivePortions, sendPortions } from "./portions.ts";
import { Progress } from "./progress.ts";
import { deliver, EXIT_WHEN_ASKED, signalOf } from "./transfer_host.ts";
import type { TransferHost } from "./transfer_host.ts";

/**
 * Writes files below a directory: unpacks them beside it, then puts them in place.
 *
 * @throws {DiskFullError} The file system or the quota is full.
 * @throws {FileError} A file cannot be written, or the directory holds something and must not.
 * @throws {UnsafePathError} A path could lead out of the directory.
 * @throws {LinkLostError} The connection went. Whether the files were put in place is unknown.
 */
export async function putFiles(
  host: TransferHost,
  entries: Iterable<FileEntry> | AsyncIterable<FileEntry>,
  directory: string,
  options: PutFilesOptions,
): Promise<void> {
  const progress = new Progress(options, options.size);
  const stream = await host.stream(unpackCommand(directory, options), signalOf(options));
  const archive = new Archive(entries, progress);
  try {
    const send = () => sendPortions(stream, collect(archive.bytes));
    await deliver(host, directory, stream, send, options);
    progress.end();
  } finally {
    await archive.close();
  }
}

function unpackCommand(directory: string, { existing = "refuse" }: PutFilesOptions): string {
  const path = directory.replace(/(?<=.)\/+$/, "");
  const slash = path.lastIndexOf("/");
  const beside = `${path.slice(0, slash + 1)}.sluice-${randomBytes(8).toString("hex")}.part`;
  const place = existing === "merge"
    // A link is the file itself, whole, and costs no copy; a file system without links gets copies.
    ? `mkdir -p -- "$d" && { cp -al --remove-destination -- "$t/files/." "$d/" 2>/dev/null || ` +
      `cp -a --remove-destination -- "$t/files/." "$d/"; }`
    : `mv -T -- "$t/files" "$d"`;
  return [
    IN_C_LOCALE,
    "umask 077",
    `d=${asPath(path)}`,
    `t=${asPath(beside)}`,
    // Before there is anything to clear away, since the line may be cut at any time. A directory without
    // permission to write cannot be emptied.
    `trap 'chmod -R u+rwX -- "$t" 2>/dev/null; rm -rf -- "$t"' EXIT`,
    EXIT_WHEN_ASKED,
    `mkdir -- "$t" "$t/files" || exit 1`,
    "{",
    ...receivePortions("", `: >"$t/whole" && exit 0; exit 1`),
    `} | tar -x -p --no-same-owner -C "$t/files" -f - || exit 1`,
    `[ -e "$t/whole" ] || exit 1`,
    place,
  ].join("\n");
}

/** The path in quotes; one that begins with `-` would be taken for an option by some. */
function asPath(path: string): string {
  return quote(path.startsWith("/") ? path : `./${path}`);
}

/** A tar archive that is made as it is read. */
class Archive {
  /** The archive. */
  readonly bytes: ReadableStream<Uint8Array>;
  readonly #pack: Pack = pack();
  readonly #packed: Promise<void>;
  /** Rejects when the archive is wanted no more. */
  readonly #closed: Promise<never>;

  constructor(entries: Iterable<FileEntry> | AsyncIterable<FileEntry>, progress: Progress) {
    this.#closed = new Promise((_, reject) => {
      this.#pack.once("close", () => reject(new Error("the archive is closed")));
    });
    this.#closed.catch(() => {});
    const source = this.#pack[Symbol.asyncIterator]();
    this.#packed = this.#add(entries, progress).catch((error: unknown) => {
      this.#pack.destroy(error instanceof Error ? error : new Error(String(error)));
    });
    this.bytes = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { done, value } = await source.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
    }, { highWaterMark: 0 });
  }

  /** Stops the source of the files. */
  async close(): Promise<void> {
    this.#pack.destroy();
    await this.#packed;
  }

  async #add(
    entries: Iterable<FileEntry> | AsyncIterable<FileEntry>,
    progress: Progress,
  ): Promise<void> {
    for await (const entry of entries) {
      checkPathBelow(entry.path);
      await this.#addOne(entry, progress);
    }
    this.#pack.finalize();
  }

  async #addOne(entry: FileEntry, progress: Progress): Promise<void> {
    const header = {
      name: entry.path,
      ...(entry.modifiedAt === undefined ? {} : { mtime: new Date(entry.modifiedAt) }),
    };
    switch (entry.kind) {
      case "directory":
        return await this.#whole({ ...header, type: "directory", mode: entry.mode ?? 0o700 });
      case "symlink":
        return await this.#whole({ ...header, type: "symlink", linkname: entry.target });
      case "file": {
        const { content, mode = 0o600 } = entry;
        if (content instanceof Uint8Array) {
          await this.#whole({ ...header, mode }, content);
          progress.add(content.length);
          return;
        }
        const ended = Promise.withResolvers<void>();
        const sink = this.#pack.entry(
          { ...header, mode, size: content.size },
          (error) => error instanceof Error ? ended.reject(error) : ended.resolve(),
        );
        // Waited for at the end, and before that by nobody.
        ended.promise.catch(() => {});
        sink.once("error", ended.reject);
        let left = content.size;
        for await (const chunk of content.open()) {
          left -= chunk.length;
          if (left < 0) break;
          if (!sink.write(chunk)) {
            const drained = Promise.withResolvers<void>();
            sink.once("drain", drained.resolve);
            await Promise.race([drained.promise, this.#closed, ended.promise]);
          }
          progress.add(chunk.length);
        }
        if (left !== 0) {
          throw new RangeError(`the content of ${entry.path} has not ${content.size} bytes`);
        }
        sink.end();
        await Promise.race([ended.promise, this.#closed]);
      }
    }
  }

  /** Adds an entry that is all there, once there is room for it. */
  async #whole(header: Headers, content?: Uint8Array): Promise<void> {
    const ended = Promise.withResolvers<void>();
    const callback = (error?: Error | null) => error ? ended.reject(error) : ended.resolve();
    if (content === undefined) this.#pack.entry(header, callback);
    else {
      const { buffer, byteOffset, length } = content;
      this.#pack.entry(header, Buffer.from(buffer, byteOffset, length), callback);
    }
    await Promise.race([ended.promise, this.#closed]);
  }
}
