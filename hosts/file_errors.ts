/**
 * What can go wrong with a file on a host.
 *
 * @module
 */

import { SluiceError } from "../model/mod.ts";
import type { DiskSpace } from "./host.ts";

/** Raised when a file cannot be written since its file system or the user's quota is full. */
export class DiskFullError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "DiskFullError";
  /** The path that was being written. */
  readonly path: string;

  /** Names the host, the path, what the host said, and the free space where it could be asked. */
  constructor(host: string, path: string, said: string, space: DiskSpace | undefined) {
    const free = space === undefined
      ? ""
      : ` (${space.freeBytes} of ${space.totalBytes} bytes free)`;
    super({
      code: "DISK_FULL",
      message: `No space left on ${host} to write ${path}${free}: ${said}`,
      next:
        `Free space or quota on the file system of ${path} on ${host}, or choose another remoteDirectory.`,
    });
    this.path = path;
  }
}

/** Why a file operation failed. */
export type FileProblem =
  | "not-found"
  | "permission-denied"
  | "not-a-directory"
  | "is-a-directory"
  | "not-empty"
  | "read-only"
  | "other";

const CODES: Readonly<Record<FileProblem, { readonly code: string; readonly next: string }>> = {
  "not-found": {
    code: "FILE_NOT_FOUND",
    next: "Check the path, and whether what was there has been moved or removed.",
  },
  "permission-denied": {
    code: "FILE_PERMISSION_DENIED",
    next: "Check the owner and the mode of the path and of the directories above it.",
  },
  "not-a-directory": {
    code: "FILE_NOT_A_DIRECTORY",
    next: "Check the path: a file is where a directory has to be.",
  },
  "is-a-directory": {
    code: "FILE_IS_A_DIRECTORY",
    next: "Name a file, or remove directories with `recursive`.",
  },
  "not-empty": { code: "FILE_NOT_EMPTY", next: "Remove what the directory holds first." },
  "read-only": { code: "FILE_READ_ONLY", next: "Choose a path on a writable file system." },
  "other": {
    code: "FILE_FAILED",
    next: "Look at what the host said, and at the file system that holds the path.",
  },
};

/** Raised when a file operation fails for any reason but a full disk. */
export class FileError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "FileError";
  /** Why it failed. */
  readonly problem: FileProblem;
  /** The path that was asked for. */
  readonly path: string;

  /** Names the host, the path and what the host said. */
  constructor(host: string, path: string, problem: FileProblem, said: string) {
    super({
      code: CODES[problem].code,
      message: `${path} on ${host}: ${said}`,
      next: CODES[problem].next,
    });
    this.problem = problem;
    this.path = path;
  }
}

/** Raised for a path that could lead out of the directory it belongs below. */
export class UnsafePathError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "UnsafePathError";
  /** The path. */
  readonly path: string;

  /** Names the path. */
  constructor(path: string) {
    super({
      code: "UNSAFE_PATH",
      message: `${JSON.stringify(path)} is not the path of a file below a directory.`,
      next: "Name files by parts with `/` between them, none of them empty, `.` or `..`.",
    });
    this.path = path;
  }
}

/**
 * Checks that a path stays below the directory that it belongs to, whatever that holds but links.
 *
 * @throws {UnsafePathError} It may not.
 */
export function checkPathBelow(path: string): void {
  const unsafe = ["", ".", ".."];
  if (path.includes("\0") || path.split("/").some((part) => unsafe.includes(part))) {
    throw new UnsafePathError(path);
  }
}

// The words of strerror(3) in the C locale; "nonexistent" is dash's for a missing directory, "Wrote only" GNU
// tar's for a write that was cut short, for which a file has no other reason than that there is no room.
const WORDS: readonly (readonly [RegExp, FileProblem | "disk-full"])[] = [
  [/No space left on device|Disk quota exceeded|Wrote only \d+ of \d+ bytes/, "disk-full"],
  [/Permission denied|Operation not permitted/, "permission-denied"],
  [/Not a directory|cannot overwrite non-directory/, "not-a-directory"],
  [/Is a directory|cannot overwrite directory/, "is-a-directory"],
  [/Directory not empty/, "not-empty"],
  [/Read-only file system/, "read-only"],
  [/No such file or directory|nonexistent/, "not-found"],
];

/** The error that a command's complaint, written in the C locale, stands for. */
export function fileFailure(host: string, path: string, said: string): FileError | DiskFullError {
  const problem = fileProblem(said);
  return problem === "disk-full"
    ? new DiskFullError(host, path, said, undefined)
    : new FileError(host, path, problem, said);
}

/** What a command's complaint, written in the C locale, says of the reason. */
export function fileProblem(said: string): FileProblem | "disk-full" {
  return WORDS.find(([words]) => words.test(said))?.[1] ?? "other";
}
