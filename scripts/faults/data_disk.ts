/**
 * The disk of the server's data directory, which can be filled and freed.
 *
 * @module
 */

import { runScript } from "../testbed/mod.ts";

const MEGABYTES = 256;

/** A small file system of its own. */
export class DataDisk implements AsyncDisposable {
  private constructor(
    /** Where it is mounted. */
    readonly path: string,
  ) {}

  /** Makes the directory and mounts the file system there. */
  static async mount(path: string): Promise<DataDisk> {
    await runScript(
      "mount the data directory",
      'mkdir -p "$1"; mount -t tmpfs -o "size=$2m,mode=0700" sluice-faults "$1"',
      [path, String(MEGABYTES)],
    );
    return new DataDisk(path);
  }

  /** Fills it to the last byte. */
  async fill(): Promise<void> {
    await runScript(
      "fill the data directory",
      'cat /dev/zero >"$1/ballast" 2>/dev/null || true',
      [this.path],
    );
  }

  /** Frees what {@linkcode DataDisk.fill} took. */
  async free(): Promise<void> {
    await runScript("free the data directory", 'rm -f "$1/ballast"', [this.path]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await runScript(
      "unmount the data directory",
      'while mountpoint -q "$1"; do umount "$1" 2>/dev/null || umount -l "$1"; done',
      [this.path],
    );
  }
}
