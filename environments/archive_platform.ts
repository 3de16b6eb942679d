/**
 * What an archive runs on, found in the programs that it holds.
 *
 * @module
 */

import { Buffer } from "node:buffer";
// @ts-types="@types/tar-stream"
import { extract } from "tar-stream";
import type { Platform } from "../model/mod.ts";
import { throughShell } from "../shell/mod.ts";
import type { ArchiveFormat } from "./archive_format.ts";
import { ELF_HEADER_BYTES, elfPlatform } from "./elf.ts";
import { ArchiveInvalidError, ArchiveOpaqueError } from "./errors.ts";

type Found = Exclude<Platform, "any">;

/** Programs that unpack what Deno itself does not. */
const UNPACKERS: Readonly<Partial<Record<ArchiveFormat, string>>> = {
  bzip2: "bzip2",
  xz: "xz",
  zstd: "zstd",
};

/**
 * The platform of the archive's programs; `undefined` where it holds none. A program in a `bin` settles it;
 * without one all others must agree.
 *
 * @throws {ArchiveInvalidError} It is no archive that can be read to its end.
 * @throws {ArchiveOpaqueError} The program that unpacks it is not here.
 */
export async function archivePlatform(
  path: string,
  format: ArchiveFormat,
  signal: AbortSignal,
): Promise<Found | undefined> {
  using file = await Deno.open(path);
  const bytes = file.readable;
  const unpacker = UNPACKERS[format];
  if (unpacker !== undefined) return await ofUnpacked(path, unpacker, bytes, signal);
  if (format === "script") return await ofScript(bytes);
  return await ofTar(
    path,
    format === "gzip" ? bytes.pipeThrough(new DecompressionStream("gzip")) : bytes,
    signal,
  );
}

async function ofUnpacked(
  path: string,
  program: string,
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal,
): Promise<Found | undefined> {
  const child = new Deno.Command("sh", {
    args: throughShell([program, "-dc"]),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  // What is not wanted any more ends the child, and then what is sent to it.
  const sent = bytes.pipeTo(child.stdin).catch(() => {});
  const words = new Response(child.stderr).text();
  let found: Found | undefined;
  let failure: unknown;
  try {
    found = await ofTar(path, child.stdout, signal);
  } catch (error) {
    failure = error;
  }
  const [{ success, code }, said] = await Promise.all([child.status, words, sent]);
  if (found !== undefined) return found;
  if (!success && code !== 141) throw new ArchiveOpaqueError(path, program, said);
  if (failure !== undefined) throw failure;
  return undefined;
}

/** Whether programs lie there that are started, rather than what they load. */
function isProgramPlace(name: string): boolean {
  return /(^|\/)bin\/[^/]+$/.test(name);
}

async function ofTar(
  path: string,
  bytes: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): Promise<Found | undefined> {
  const entries = extract();
  const others = new Set<Found>();
  let whole = false;
  const feeding = (async () => {
    for await (const chunk of bytes) {
      signal.throwIfAborted();
      if (entries.destroyed) return;
      if (!entries.write(Buffer.from(chunk))) await drained(entries);
    }
    entries.end();
  })();
  // The loop over the entries tells of it.
  feeding.catch((error) => entries.destroy(error));
  try {
    for await (const entry of entries) {
      whole = true;
      const { name, type } = entry.header;
      const head = type === "file" || type === "contiguous-file" ? await headOf(entry) : undefined;
      const platform = head === undefined ? undefined : elfPlatform(head);
      if (platform === undefined) continue;
      if (isProgramPlace(name)) return platform;
      others.add(platform);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw new ArchiveInvalidError(path, "it is no whole tar archive", error);
  } finally {
    entries.destroy();
    // Its failure was told by the entries, or it is that of what is not wanted any more.
    await feeding.catch(() => {});
  }
  if (!whole) throw new ArchiveInvalidError(path, "it holds nothing");
  const [only] = others;
  return others.size === 1 ? only : undefined;
}

function drained(entries: ReturnType<typeof extract>): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      entries.off("drain", done);
      entries.off("close", done);
      resolve();
    };
    entries.on("drain", done);
    entries.on("close", done);
  });
}

/** The first bytes of an entry, all of which is read. */
async function headOf(entry: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  let head = new Uint8Array(0);
  for await (const chunk of entry) {
    if (head.length < ELF_HEADER_BYTES) {
      head = Uint8Array.from([...head, ...chunk.subarray(0, ELF_HEADER_BYTES)]);
    }
  }
  return head;
}

/** Where pixi-pack's self-extracting script has the program that unpacks it, in base64. */
const PROGRAM_MARK = "\n@@END_ARCHIVE@@\n";
/** Characters of base64 that hold an ELF header. */
const HEADER_CHARACTERS = 4 * Math.ceil(ELF_HEADER_BYTES / 3);

async function ofScript(bytes: ReadableStream<Uint8Array>): Promise<Found | undefined> {
  let rest = "";
  for await (const chunk of bytes) {
    rest += Buffer.from(chunk).toString("latin1");
    const mark = rest.indexOf(PROGRAM_MARK);
    if (mark === -1) {
      rest = rest.slice(-PROGRAM_MARK.length);
      continue;
    }
    const header = rest.slice(mark + PROGRAM_MARK.length);
    if (header.length >= HEADER_CHARACTERS) {
      return elfPlatform(Buffer.from(header.slice(0, HEADER_CHARACTERS), "base64"));
    }
    rest = rest.slice(mark);
  }
  return undefined;
}
