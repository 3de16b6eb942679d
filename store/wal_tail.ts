/**
 * Finds out whether SQLite will leave out the end of its write-ahead log, and keeps that end.
 *
 * After a crash SQLite takes the log up to the last whole transaction and ignores the rest without a
 * word: rightly where the rest is a transaction that was never finished, but also where a disk has
 * damaged transactions that had been confirmed. So the log is read before SQLite is let at it.
 *
 * Source: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
 *
 * @module
 */

import { fileError } from "./errors.ts";

/** The end of a log that SQLite ignores, as it was found. */
export interface SetAsideTail {
  /** Copy of the whole log. */
  readonly file: string;
  /** Length of the part that is whole, in bytes. */
  readonly keptBytes: number;
  /** Length of the part that is not used, in bytes. */
  readonly lostBytes: number;
  /**
   * `unfinished`: no transaction ends in it, as a crash in the middle of a commit leaves it.
   * `damaged`: finished transactions stand in it that cannot be used.
   */
  readonly kind: "unfinished" | "damaged";
}

const headerBytes = 32;
const frameHeaderBytes = 24;

/** What can be said of a log. */
export type WalInspection =
  | { readonly whole: true }
  | {
    readonly whole: false;
    readonly keptBytes: number;
    readonly lostBytes: number;
    readonly kind: SetAsideTail["kind"];
  };

/** Reads a log as SQLite does when it recovers, and looks at what comes after. */
export function inspectWal(wal: Uint8Array<ArrayBuffer>): WalInspection {
  if (wal.length === 0) return { whole: true };
  const view = new DataView(wal.buffer, wal.byteOffset, wal.byteLength);
  const header = readHeader(view);
  if (header === undefined) {
    // Without its header nothing of the log can be used, whatever it holds.
    const kind = wal.length > headerBytes ? "damaged" : "unfinished";
    return { whole: false, keptBytes: 0, lostBytes: wal.length, kind };
  }
  const frameBytes = frameHeaderBytes + header.pageSize;
  // Too few bytes of a frame to tell its salts count as this round's: a commit may have begun there.
  const salts = (offset: number) =>
    offset + 16 > wal.length
      ? [true]
      : [view.getUint32(offset + 8) === header.salt1, view.getUint32(offset + 12) === header.salt2];
  let sums = header.sums;
  let kept = headerBytes;
  let offset = headerBytes;
  for (; offset + frameBytes <= wal.length; offset += frameBytes) {
    if (salts(offset).includes(false)) break;
    const afterHeader = checksum(view, offset, 8, header.littleEndian, sums);
    sums = checksum(
      view,
      offset + frameHeaderBytes,
      header.pageSize,
      header.littleEndian,
      afterHeader,
    );
    if (view.getUint32(offset + 16) !== sums[0] || view.getUint32(offset + 20) !== sums[1]) break;
    if (endsTransaction(view, offset)) kept = offset + frameBytes;
  }
  let end = kept;
  let kind: SetAsideTail["kind"] = "unfinished";
  for (offset = kept; offset < wal.length; offset += frameBytes) {
    // A frame of an earlier round through the file has neither salt; one whose salts were damaged, one.
    if (!salts(offset).includes(true)) continue;
    end = Math.min(offset + frameBytes, wal.length);
    if (offset + frameBytes <= wal.length && endsTransaction(view, offset)) kind = "damaged";
  }
  return end === kept
    ? { whole: true }
    : { whole: false, keptBytes: kept, lostBytes: end - kept, kind };
}

/**
 * Copies the log of the journal at `path` to a file of its own where SQLite would ignore part of it.
 * Nothing else may have the journal open.
 *
 * @returns What was set aside, if anything.
 */
export function setAsideTail(path: string): SetAsideTail | undefined {
  const log = `${path}-wal`;
  try {
    const inspection = inspectWal(readIfThere(log));
    if (inspection.whole) return undefined;
    const { keptBytes, lostBytes, kind } = inspection;
    const file = freeName(`${log}.set-aside`);
    Deno.copyFileSync(log, file);
    Deno.chmodSync(file, 0o600);
    return { file, keptBytes, lostBytes, kind };
  } catch (error) {
    throw fileError(path, error);
  }
}

type Sums = readonly [number, number];

interface WalHeader {
  readonly littleEndian: boolean;
  readonly pageSize: number;
  readonly salt1: number;
  readonly salt2: number;
  readonly sums: Sums;
}

function readHeader(view: DataView): WalHeader | undefined {
  if (view.byteLength < headerBytes) return undefined;
  const magic = view.getUint32(0);
  if (magic !== 0x377f0682 && magic !== 0x377f0683) return undefined;
  const littleEndian = magic === 0x377f0682;
  const sums = checksum(view, 0, 24, littleEndian, [0, 0]);
  if (view.getUint32(24) !== sums[0] || view.getUint32(28) !== sums[1]) return undefined;
  return {
    littleEndian,
    pageSize: view.getUint32(8),
    salt1: view.getUint32(16),
    salt2: view.getUint32(20),
    sums,
  };
}

/** A frame that ends a transaction says how many pages the database has then. */
function endsTransaction(view: DataView, frame: number): boolean {
  return view.getUint32(frame + 4) !== 0;
}

function checksum(
  view: DataView,
  offset: number,
  length: number,
  littleEndian: boolean,
  [first, second]: Sums,
): Sums {
  let [a, b] = [first, second];
  for (let at = offset; at < offset + length; at += 8) {
    a = (a + view.getUint32(at, littleEndian) + b) >>> 0;
    b = (b + view.getUint32(at + 4, littleEndian) + a) >>> 0;
  }
  return [a, b];
}

function readIfThere(file: string): Uint8Array<ArrayBuffer> {
  try {
    return Deno.readFileSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Uint8Array();
    throw error;
  }
}

function freeName(wanted: string): string {
  const taken = (name: string) => {
    try {
      Deno.lstatSync(name);
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  };
  let name = wanted;
  for (let n = 2; taken(name); n++) name = `${wanted}-${n}`;
  return name;
}
