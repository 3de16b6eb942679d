/**
 * Moving files over plain channels: no SFTP server is needed, and no noisy profile can break it.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { commandLine, quote } from "../shell/mod.ts";
import { fileFailure } from "./file_errors.ts";
import { IN_C_LOCALE } from "./file_info.ts";
import type {
  GetArchiveOptions,
  GetOptions,
  HostStream,
  PutOptions,
  TransferOptions,
} from "./host.ts";
import { collect, receivePortions, sendPortions, whole } from "./portions.ts";
import { Progress } from "./progress.ts";
import { deliver, EXIT_WHEN_ASKED, readComplaint, signalOf } from "./transfer_host.ts";
import type { TransferHost } from "./transfer_host.ts";

/**
 * Writes a file under a temporary name in the same directory, then renames it.
 *
 * The bytes travel in counted portions with an end mark, so the host itself knows a cut from an end:
 * whatever breaks, it removes what is incomplete.
 *
 * @throws {DiskFullError} The file system or the quota is full.
 * @throws {FileError} The file cannot be written.
 * @throws {LinkLostError} The connection went. Whether the file was put in place is unknown.
 */
export async function putFile(
  host: TransferHost,
  source: Uint8Array | ReadableStream<Uint8Array>,
  path: string,
  options: PutOptions,
): Promise<void> {
  const portions = source instanceof Uint8Array ? whole(source) : collect(source);
  const size = source instanceof Uint8Array ? source.length : options.size;
  const progress = new Progress(options, size);
  let stream: HostStream;
  try {
    stream = await host.stream(putCommand(path, options.mode ?? 0o600), signalOf(options));
  } catch (error) {
    await portions.return(undefined);
    throw error;
  }
  try {
    const send = () => sendPortions(stream, portions, progress);
    await deliver(host, path, stream, send, options);
    progress.end();
  } finally {
    await portions.return(undefined);
  }
}

/**
 * Reads a file. The stream errors with what went wrong, never ends early.
 *
 * @throws {FileError} The file cannot be read.
 * @throws {LinkLostError} The connection went.
 */
export function getFile(
  host: TransferHost,
  path: string,
  options: GetOptions,
): Promise<ReadableStream<Uint8Array>> {
  const { offset = 0, length } = options;
  return received(host, path, getCommand(path, options), options, (size) => {
    const available = Math.max(0, size - offset);
    return Math.min(available, length ?? available);
  });
}

/**
 * Reads all that a directory holds, as a tar archive. Of a directory that has not changed it is the same each time.
 * The stream errors with what went wrong, never ends early.
 *
 * @throws {FileError} The directory cannot be read; something in it cannot be read or changed while it was.
 * @throws {LinkLostError} The connection went.
 */
export function getArchive(
  host: TransferHost,
  directory: string,
  options: GetArchiveOptions,
): Promise<ReadableStream<Uint8Array>> {
  const command = packCommand(directory, options);
  return received(host, directory, command, options, () => undefined);
}

/**
 * What a command writes behind a line with a number, as a stream.
 *
 * @param totalOf How many bytes that will be, where the number tells.
 */
async function received(
  host: TransferHost,
  path: string,
  command: string,
  options: TransferOptions,
  totalOf: (size: number) => number | undefined,
): Promise<ReadableStream<Uint8Array>> {
  const stream = await host.stream(command, signalOf(options));
  const complaint = readComplaint(stream);
  const reader = stream.stdout.getReader();
  const failure = async () => fileFailure(host.label, path, await complaint);
  let pending: Uint8Array;
  let fileSize: number;
  try {
    const header = await readLine(reader);
    if (header === undefined) {
      await stream.exit;
      throw await failure();
    }
    pending = header.rest;
    fileSize = Number(header.line);
  } catch (error) {
    await stream.close();
    options.signal?.throwIfAborted();
    throw error;
  }
  const progress = new Progress(options, totalOf(fileSize));
  const { signal } = options;
  let abort = () => {};
  const finish = async () => {
    signal?.removeEventListener("abort", abort);
    await stream.close();
  };
  return new ReadableStream<Uint8Array>({
    start(controller) {
      abort = () => {
        controller.error(signal?.reason);
        void finish();
      };
      if (signal?.aborted === true) abort();
      else signal?.addEventListener("abort", abort, { once: true });
    },
    async pull(controller) {
      try {
        if (pending.length === 0) {
          const { done, value } = await reader.read();
          if (done) {
            if (await stream.exit !== 0) throw await failure();
            progress.end();
            await finish();
            controller.close();
            return;
          }
          pending = value;
        }
        progress.add(pending.length);
        controller.enqueue(pending);
        pending = new Uint8Array(0);
      } catch (error) {
        await finish();
        // An abort has put its own reason into the stream already.
        if (signal?.aborted !== true) throw error;
      }
    },
    cancel: finish,
    // The next bytes come while these are used.
  }, { highWaterMark: 1 });
}

function putCommand(path: string, mode: number): string {
  const slash = path.lastIndexOf("/");
  const temporary = `${path.slice(0, slash + 1)}.sluice-${randomBytes(8).toString("hex")}.part`;
  return [
    IN_C_LOCALE,
    "umask 077",
    `t=${quote(temporary)}`,
    // The temporary name is new, or somebody else put it there.
    "set -C",
    `exec 3>"$t" || exit 1`,
    "set +C",
    `trap 'rm -f -- "$t"' EXIT`,
    EXIT_WHEN_ASKED,
    ...receivePortions(
      ">&3",
      `exec 3>&-; chmod -- ${mode.toString(8).padStart(4, "0")} "$t" && mv -fT -- "$t" ${
        quote(path)
      } && ` +
        "trap - EXIT && exit 0; exit 1",
    ),
    "exit 1",
  ].join("\n");
}

function getCommand(path: string, { offset = 0, length }: GetOptions): string {
  const file = quote(path);
  const head = commandLine(["head", "-c", String(length)]);
  const tail = commandLine(["tail", "-c", `+${offset + 1}`]);
  const read = length === undefined
    ? (offset === 0 ? "cat <&3" : `${tail} <&3`)
    : (offset === 0 ? `${head} <&3` : `${tail} <&3 | ${head}`);
  return [
    IN_C_LOCALE,
    `[ ! -d ${file} ] || { echo 'Is a directory' >&2; exit 1; }`,
    // For its words: shells differ in how they say that a file cannot be opened.
    `stat -L --printf='%s\\n' -- ${file} || exit 1`,
    `exec 3<${file} || exit 1`,
    read,
  ].join("\n");
}

function packCommand(directory: string, { offset = 0 }: GetArchiveOptions): string {
  const path = quote(directory.startsWith("/") ? directory : `./${directory}`);
  const pack = "tar -c --format=gnu --hard-dereference --sort=name -f - -- .";
  return [
    IN_C_LOCALE,
    "CDPATH=",
    // For its words: cd does not say why it fails.
    `stat -L --printf='%s\\n' -- ${path}/. || exit 1`,
    `cd -- ${path} || exit 1`,
    ...offset === 0 ? [`exec ${pack}`] : [
      // A pipe has the status of its last command, and what counts is that of the first.
      "exec 4>&1",
      `sluice_status=$({ { ${pack}; printf %s "$?" >&3; } | tail -c +${offset + 1} >&4; } 3>&1)`,
      'exit "$sluice_status"',
    ],
  ].join("\n");
}

async function readLine(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<{ line: string; rest: Uint8Array } | undefined> {
  let bytes = new Uint8Array(0);
  for (;;) {
    const newline = bytes.indexOf(0x0a);
    if (newline >= 0) {
      const line = new TextDecoder().decode(bytes.subarray(0, newline));
      return { line, rest: bytes.subarray(newline + 1) };
    }
    const { done, value } = await reader.read();
    if (done) return undefined;
    bytes = Uint8Array.from([...bytes, ...value]);
  }
}
