/**
 * Moving files over plain channels: no SFTP server is needed, and no noisy profile can break it.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { commandLine, quote } from "../shell/mod.ts";
import { fileFailure } from "./file_errors.ts";
import { IN_C_LOCALE } from "./file_info.ts";
import type { GetOptions, HostStream, PutOptions } from "./host.ts";
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
export async function getFile(
  host: TransferHost,
  path: string,
  options: GetOptions,
): Promise<ReadableStream<Uint8Array>> {
  const stream = await host.stream(getCommand(path, options), signalOf(options));
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
  const available = Math.max(0, fileSize - (options.offset ?? 0));
  const progress = new Progress(options, Math.min(available, options.length ?? available));
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
