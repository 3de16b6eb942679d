/**
 * What a program runs on, as its ELF header tells. Pure.
 *
 * Source: System V ABI, chapter 4, "ELF Header"; the numbers of machines are in `elf.h` of Linux.
 *
 * @module
 */

import type { Platform } from "../model/mod.ts";

/** Bytes at the beginning of a file that are enough to tell. */
export const ELF_HEADER_BYTES = 20;

const MAGIC = [0x7f, 0x45, 0x4c, 0x46] as const;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;

/** By `e_machine`, of 64-bit little-endian programs. */
const MACHINES: Readonly<Record<number, Exclude<Platform, "any">>> = {
  21: "linux-ppc64le",
  62: "linux-x86_64",
  183: "linux-aarch64",
};

/** The platform of the program that begins so; `undefined` for what is none, or for a machine of another kind. */
export function elfPlatform(head: Uint8Array): Exclude<Platform, "any"> | undefined {
  if (head.length < ELF_HEADER_BYTES || MAGIC.some((byte, place) => head[place] !== byte)) {
    return undefined;
  }
  if (head[4] !== CLASS_64 || head[5] !== LITTLE_ENDIAN) return undefined;
  return MACHINES[new DataView(head.buffer, head.byteOffset, head.byteLength).getUint16(18, true)];
}
