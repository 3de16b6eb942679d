/**
 * Reading many files in one stream, as a tar archive that the host makes.
 *
 * @module
 */

import { quote } from "../shell/mod.ts";
import { readArchive } from "./archive.ts";
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
  const told = tell(stream, paths ?? ["."]);
  const failed = async () => {
    signal?.throwIfAborted();
    // The connection or the command says more than the archive that broke off.
    if (await stream.exit !== 0) throw fileFailure(host.label, directory, await complaint);
  };
  try {
    yield* readArchive(stream.stdout, (bytes) => progress.add(bytes));
    await told;
    await failed();
    progress.end();
  } catch (error) {
    if (!(error instanceof UnsafePathError)) await failed();
    throw error;
  } finally {
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

/** Tells the command what to read. A command that does not take it says why by its exit status. */
async function tell(stream: HostStream, paths: readonly string[]): Promise<void> {
  const writer = stream.stdin.getWriter();
  const names = paths.map((path) => (path === "." ? path : `./${path}`) + "\0").join("");
  await writer.write(new TextEncoder().encode(names)).then(() => writer.close()).catch(() => {});
}
