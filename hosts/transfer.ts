/**
 * Moving files over plain channels: no SFTP server is needed, and no noisy profile can break it.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { commandLine, quote } from "../shell/mod.ts";
import { DiskFullError, fileFailure } from "./file_errors.ts";
import { IN_C_LOCALE } from "./file_info.ts";
import type {
  DiskSpace,
  GetOptions,
  HostStream,
  PutOptions,
  TransferOptions,
  TransferProgress,
} from "./host.ts";

/** What a transfer needs of the host. */
export interface TransferHost {
  /** Who and where, for people. */
  readonly label: string;
  /** Starts a command on a channel of its own. */
  stream(command: string, options: { readonly signal?: AbortSignal }): Promise<HostStream>;
  /** Space on the file system that holds the path. */
  freeSpace(path: string): Promise<DiskSpace>;
}

/** Bytes that are collected before they are sent: each portion costs a `dd` process on the host. */
const PORTION_BYTES = 4 * 1024 * 1024;
/** Bytes that are handed to the channel at a time. */
const SLICE_BYTES = 256 * 1024;
const LONGEST_COMPLAINT = 4096;
const PROGRESS_INTERVAL_MS = 100;

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
  const complaint = readComplaint(stream);
  const abort = () => void stream.close();
  options.signal?.addEventListener("abort", abort, { once: true });
  try {
    const sending = send(stream, portions, progress);
    // The command may fail before all is sent; then nothing takes the rest.
    const exitCode = await Promise.race([stream.exit, sending.then(() => stream.exit)]);
    options.signal?.throwIfAborted();
    if (exitCode !== 0) throw await writeError(host, path, await complaint);
    progress.end();
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", abort);
    await stream.close();
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
  }, { highWaterMark: 0 });
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
    "trap 'exit 1' HUP INT TERM",
    "while IFS= read -r n; do",
    "  case $n in end) exec 3>&-; chmod -- " + mode.toString(8).padStart(4, "0") +
    ` "$t" && mv -fT -- "$t" ${quote(path)} && trap - EXIT && exit 0; exit 1;; esac`,
    // Of a pipe, head(1) reads much less at a time.
    `  dd bs=65536 iflag=fullblock,count_bytes count="$n" status=none >&3 || exit 1`,
    "done",
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

/** Sends all portions, or stops when the command takes no more, whose exit status then says why. */
async function send(
  stream: HostStream,
  portions: AsyncGenerator<Portion>,
  progress: Progress,
): Promise<void> {
  const writer = stream.stdin.getWriter();
  const encoder = new TextEncoder();
  const write = (bytes: Uint8Array) => writer.write(bytes).then(() => true, () => false);
  for await (const { slices, length } of portions) {
    if (!await write(encoder.encode(`${length}\n`))) return;
    for (const slice of slices) {
      if (!await write(slice)) return;
      progress.add(slice.length);
    }
  }
  await write(encoder.encode("end\n"));
}

/** Bytes whose number is told to the host before they are. */
interface Portion {
  readonly slices: readonly Uint8Array[];
  readonly length: number;
}

async function* whole(bytes: Uint8Array): AsyncGenerator<Portion> {
  if (bytes.length > 0) yield { slices: cut(bytes), length: bytes.length };
}

async function* collect(source: ReadableStream<Uint8Array>): AsyncGenerator<Portion> {
  let slices: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source) {
    slices.push(...cut(chunk));
    length += chunk.length;
    if (length < PORTION_BYTES) continue;
    yield { slices, length };
    slices = [];
    length = 0;
  }
  if (length > 0) yield { slices, length };
}

function cut(bytes: Uint8Array): Uint8Array[] {
  const slices: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += SLICE_BYTES) {
    slices.push(bytes.subarray(start, start + SLICE_BYTES));
  }
  return slices;
}

async function writeError(host: TransferHost, path: string, said: string): Promise<Error> {
  const error = fileFailure(host.label, path, said);
  if (!(error instanceof DiskFullError)) return error;
  const directory = path.slice(0, path.lastIndexOf("/") + 1) || ".";
  // The free space is an extra: without it the error still says what happened.
  const space = await host.freeSpace(directory).catch(() => undefined);
  return new DiskFullError(host.label, path, said, space);
}

/** The beginning of what the command says on standard error, all of which is read. */
async function readComplaint(stream: HostStream): Promise<string> {
  const decoder = new TextDecoder();
  let said = "";
  try {
    for await (const chunk of stream.stderr) {
      if (said.length < LONGEST_COMPLAINT) said += decoder.decode(chunk, { stream: true });
    }
  } catch {
    // The exit status tells of a lost connection.
  }
  return said.trim();
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

function signalOf({ signal }: TransferOptions): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

/** Tells of progress, at most some ten times a second and once at the end. */
class Progress {
  readonly #tell: ((progress: TransferProgress) => void) | undefined;
  readonly #total: number | undefined;
  #bytes = 0;
  #toldAt = -Infinity;

  constructor(options: TransferOptions, total: number | undefined) {
    this.#tell = options.onProgress;
    this.#total = total;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    const now = performance.now();
    if (now - this.#toldAt < PROGRESS_INTERVAL_MS) return;
    this.#toldAt = now;
    this.end();
  }

  end(): void {
    this.#tell?.({
      bytes: this.#bytes,
      ...(this.#total === undefined ? {} : { total: this.#total }),
    });
  }
}
