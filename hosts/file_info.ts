/**
 * Asking what files are: the command lines and the reading of their answers.
 *
 * @module
 */

import { commandLine, quote } from "../shell/mod.ts";
import type { DiskSpace, FileInfo } from "./host.ts";

/** Puts what follows into the C locale, so that complaints are in words that we know. */
export const IN_C_LOCALE = "LC_ALL=C; export LC_ALL";

// Raw mode in hexadecimal, size, modification time in seconds with milliseconds, then the name, which
// may hold any byte but NUL.
const FORMAT = "%f\\037%s\\037%.3Y\\037%n\\0";

/** Command line that tells of one path; a symbolic link is not followed. */
export function statCommand(path: string): string {
  return `${IN_C_LOCALE}; ${commandLine(["stat", `--printf=${FORMAT}`, "--", path])}`;
}

/** Command line that tells of everything in a directory. */
export function listCommand(path: string): string {
  const directory = quote(path.endsWith("/") ? path : `${path}/`);
  const stat = commandLine(["stat", `--printf=${FORMAT}`, "--"]);
  // The first stat is there for its words: cd and globs do not say why they fail. A name that goes
  // between the glob and its stat is no error, so that complaint alone is dropped.
  return [
    IN_C_LOCALE,
    "CDPATH=",
    `stat --printf= -- ${directory}. || exit 1`,
    `cd -- ${directory} || exit 1`,
    `[ -r . ] || { echo 'Permission denied' >&2; exit 1; }`,
    "set --",
    `for f in * .[!.]* ..?*; do`,
    `  [ -e "$f" ] || [ -L "$f" ] || continue`,
    `  set -- "$@" "$f"`,
    `  [ $# -lt 200 ] || { ${stat} "$@"; set --; }`,
    "done",
    `[ $# -eq 0 ] || ${stat} "$@"`,
    "exit 0",
  ].join("\n");
}

/** Command line that tells of the space on the file system of a path. */
export function spaceCommand(path: string): string {
  return `${IN_C_LOCALE}; ${commandLine(["df", "-P", "-k", "--", path])}`;
}

/**
 * Reads what `stat` printed. Names that are not UTF-8 come with U+FFFD in place of the bytes that are
 * not, and so cannot be passed back.
 */
export function parseFileInfos(output: Uint8Array): readonly FileInfo[] {
  const text = new TextDecoder().decode(output);
  const files: FileInfo[] = [];
  for (const record of text.split("\0")) {
    if (record === "") continue;
    const [mode = "", size = "", modified = "", ...name] = record.split("\x1f");
    const bits = Number.parseInt(mode, 16);
    files.push({
      name: name.join("\x1f"),
      kind: kindOf(bits),
      size: Number(size),
      mode: bits & 0o7777,
      modifiedAt: Math.round(Number(modified) * 1000),
    });
  }
  return files;
}

// The file type bits of inode(7).
function kindOf(mode: number): FileInfo["kind"] {
  switch (mode & 0o170000) {
    case 0o100000:
      return "file";
    case 0o040000:
      return "directory";
    case 0o120000:
      return "symlink";
    default:
      return "other";
  }
}

/**
 * Reads what `df -Pk` printed, or gives `undefined` where it is something else. Device and mount point
 * may hold blanks, so the numbers are found from their shape.
 */
export function parseDiskSpace(output: Uint8Array): DiskSpace | undefined {
  const line = new TextDecoder().decode(output).trimEnd().split("\n").at(-1) ?? "";
  const numbers = /\s(\d+)\s+(\d+)\s+(-?\d+)\s+(?:\d+%|-)\s/.exec(line);
  if (numbers === null) return undefined;
  const [, total, , free] = numbers;
  return {
    totalBytes: Number(total) * 1024,
    freeBytes: Math.max(0, Number(free)) * 1024,
  };
}

/** A path's last part. */
export function lastPart(path: string): string {
  return path.replace(/\/+$/, "").split("/").at(-1) || "/";
}
