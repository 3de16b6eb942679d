/**
 * How an archive is packed, as its first bytes tell. Pure.
 *
 * @module
 */

/** How an archive is packed. */
export type ArchiveFormat = "tar" | "gzip" | "bzip2" | "xz" | "zstd" | "script";

/** Bytes at the beginning of an archive that are enough to tell. */
export const FORMAT_HEAD_BYTES = 512;

const MAGIC:
  readonly (readonly [format: ArchiveFormat, offset: number, bytes: readonly number[]])[] = [
    ["gzip", 0, [0x1f, 0x8b]],
    ["bzip2", 0, [0x42, 0x5a, 0x68]],
    ["xz", 0, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
    ["zstd", 0, [0x28, 0xb5, 0x2f, 0xfd]],
    ["script", 0, [0x23, 0x21]],
    // "ustar" in the header of the first entry.
    ["tar", 257, [0x75, 0x73, 0x74, 0x61, 0x72]],
  ];

/** How the archive is packed that begins so; `undefined` where it is none. */
export function archiveFormat(head: Uint8Array): ArchiveFormat | undefined {
  return MAGIC.find(([, offset, bytes]) =>
    bytes.every((byte, place) => head[offset + place] === byte)
  )?.[0];
}
