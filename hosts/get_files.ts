/**
 * Reading many files in one stream, as a tar archive that the host makes.
 *
 * @module
 */

// @ts-types="@types/tar-stream"
import { extract } from "tar-stream";
import type { Entry } from "tar-stream";
import { quote } from "../shell/mod.ts";
import { checkPathBelow, fileFailure, UnsafePathError } from "./file_errors.ts";
import { IN_C_LOCALE } from "./file_info.ts";
import type { GetFilesOptions, HostStream, ReceivedFile } from "./host.ts";
import { Progress } from "./progress.ts";
import { readComplaint, signalOf } from "./transfer_host.ts";
import type { TransferHost } from "./transfer_host.ts";

/**
 * Reads files below a directory, one after the other.
 *
 * @throws {FileError} The directory or a file cannot be read, or a file changed while it was read.
 * @throws {UnsafePathError} A path could lead out of the directory.
 * @throws {LinkLostError} The connection went.
 */
export async function* getFiles(
  host: TransferHost,
  directory: string,
  options: GetFilesOptions,
): AsyncGenerator<ReceivedFile, void, void> {
  const { paths, signal } = options;
  paths?.forEach(checkPathBelow);
  const stream = await host.stream(packCommand(directory), signalOf(options));
  const complaint = readComplaint(stream);
  const progress = new Progress(options, undefined);
  const archive = extract();
  // What ends the archive early ends the loop over its entries.
  const fed = feed(stream, archive, paths ?? ["."]).catch((error: unknown) => {
    archive.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  });
  fed.catch(() => {});
  const failed = async () => {
    signal?.throwIfAborted();
    // The connection or the command says more than the archive that broke off.
    if (await stream.exit !== 0) throw fileFailure(host.label, directory, await complaint);
  };
  try {
    for await (const entry of archive) {
      const file = receivedFile(entry, progress);
      if (file !== undefined) yield file;
      // Does nothing where all of it was read.
      entry.resume();
    }
    await fed;
    await failed();
    progress.end();
  } catch (error) {
    if (!(error instanceof UnsafePathError)) await failed();
    throw error;
  } finally {
    archive.destroy();
    await stream.close();
  }
}

function packCommand(directory: string): string {
  const path = quote(directory.startsWith("/") ? directory : `./${directory}`);
  return [
    IN_C_LOCALE,
    "CDPATH=",
    // For its words: cd does not say why it fails.
    `stat -L --printf= -- ${path}/. || exit 1`,
    `cd -- ${path} || exit 1`,
    "exec tar -c --format=gnu --hard-dereference --null --verbatim-files-from -T - -f -",
  ].join("\n");
}

/** Tells the command what to read, and hands on all that comes. */
async function feed(
  stream: HostStream,
  archive: ReturnType<typeof extract>,
  paths: readonly string[],
): Promise<void> {
  const writer = stream.stdin.getWriter();
  const names = paths.map((path) => (path === "." ? path : `./${path}`) + "\0").join("");
  // A command that takes them not says why by its exit status.
  const told = writer.write(new TextEncoder().encode(names)).then(() => writer.close()).catch(
    () => {},
  );
  const closed = Promise.withResolvers<void>();
  archive.once("close", closed.resolve);
  for await (const chunk of stream.stdout) {
    if (archive.destroyed) break;
    if (archive.write(chunk)) continue;
    const drained = Promise.withResolvers<void>();
    archive.once("drain", drained.resolve);
    await Promise.race([drained.promise, closed.promise]);
  }
  await told;
  archive.end();
}

/** What an entry of the archive is; the directory itself is nothing. */
function receivedFile(entry: Entry, progress: Progress): ReceivedFile | undefined {
  const { header } = entry;
  const path = header.name.replace(/^\.\//, "").replace(/\/$/, "");
  if (path === "" || path === ".") return undefined;
  checkPathBelow(path);
  const known = {
    path,
    mode: (header.mode ?? 0) & 0o7777,
    modifiedAt: header.mtime?.getTime() ?? 0,
  };
  switch (header.type) {
    case "file":
    case "contiguous-file":
    case undefined:
    case null:
      return { ...known, kind: "file", size: header.size ?? 0, content: counted(entry, progress) };
    case "directory":
      return { ...known, kind: "directory" };
    case "symlink":
      return { ...known, kind: "symlink", target: header.linkname ?? "" };
    default:
      return { ...known, kind: "other" };
  }
}

async function* counted(entry: Entry, progress: Progress): AsyncGenerator<Uint8Array> {
  for await (const bytes of entry) {
    progress.add(bytes.length);
    yield bytes;
  }
}
