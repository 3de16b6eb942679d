/**
 * The port through which everything remote happens.
 *
 * @module
 */

/** What a finished command left behind. */
export interface CommandResult {
  /** Exit status; for a command ended by a signal, 128 plus the signal's number, as shells report it. */
  readonly exitCode: number;
  /** All of standard output, byte for byte; empty where {@linkcode RunOptions.onStdout} took it. */
  readonly stdout: Uint8Array;
  /** All of standard error, byte for byte. */
  readonly stderr: Uint8Array;
}

/** How a command is run. */
export interface RunOptions {
  /**
   * Ends the wait with the signal's reason. A command that runs is killed with its process group; one
   * that waits in its lane is taken back, or killed as soon as it begins.
   */
  readonly signal?: AbortSignal;
  /** Milliseconds to wait for the end of the command, the wait in its lane included. Default: 60,000. */
  readonly timeoutMs?: number;
  /**
   * Which persistent shell takes the command. Commands of one lane run one after another in the order
   * they were given; lanes do not wait for each other. Each lane holds one channel. Default: `"control"`.
   */
  readonly lane?: string;
  /** Largest output in bytes, standard output and error each; more is an error. Default: 64 MiB. */
  readonly maxOutputBytes?: number;
  /**
   * Takes standard output as it comes, so that a large one is never held as a whole, and is not measured
   * against `maxOutputBytes`. The bytes must be copied to be kept past the call. Nothing more comes once
   * `run` has settled. Default: the output is collected.
   */
  readonly onStdout?: (bytes: Uint8Array) => void;
}

/** How a long-lived stream is opened. */
export interface StreamOptions {
  /** Closes the stream when aborted. */
  readonly signal?: AbortSignal;
}

/**
 * A command that goes on, whose output is read as it comes.
 *
 * When the connection is lost nobody tells the command: it notices at its next write, or at the end of
 * its input. A command that writes seldom should watch its input, as in
 * `tail -F log & p=$!; cat >/dev/null; kill $p`, so that it does not stay behind.
 */
export interface HostStream extends AsyncDisposable {
  /** Standard output, with backpressure: what is not read is not sent. */
  readonly stdout: ReadableStream<Uint8Array>;
  /** Standard error, with backpressure. */
  readonly stderr: ReadableStream<Uint8Array>;
  /** Standard input. Closing it ends the command's input. */
  readonly stdin: WritableStream<Uint8Array>;
  /** The exit status when the command ends; rejects with a `LinkLostError` when the line is cut first. */
  readonly exit: Promise<number>;
  /** Ends the command with all that it started (TERM, then KILL) and frees the channel. Safe to call twice. */
  close(): Promise<void>;
}

/** Progress of a transfer. */
export interface TransferProgress {
  /** Bytes moved so far. */
  readonly bytes: number;
  /** Size of the whole, where it is known. */
  readonly total?: number;
}

/** How a file is moved. */
export interface TransferOptions {
  /** Stops the transfer. A partly written remote file is removed. */
  readonly signal?: AbortSignal;
  /** Called as bytes move, at most some ten times a second and once at the end. */
  readonly onProgress?: (progress: TransferProgress) => void;
}

/** How a file is written on the host. */
export interface PutOptions extends TransferOptions {
  /** Permission bits. Default: `0o600`. */
  readonly mode?: number;
  /** Bytes that `source` will give, for progress. */
  readonly size?: number;
}

/** How a file is read from the host. */
export interface GetOptions extends TransferOptions {
  /** First byte to read. Default: 0. */
  readonly offset?: number;
  /** How many bytes at the most. Default: to the end. */
  readonly length?: number;
}

/** One of many files that are written together. */
export type FileEntry =
  & {
    /** Where, below the directory: parts with `/` between them, none of them empty, `.` or `..`. */
    readonly path: string;
    /** Last change of content, in milliseconds since the epoch. Default: now. */
    readonly modifiedAt?: number;
  }
  & (
    | {
      readonly kind: "file";
      /** All of it, or a stream that gives exactly `size` bytes, opened when its turn comes. */
      readonly content:
        | Uint8Array
        | { readonly size: number; readonly open: () => ReadableStream<Uint8Array> };
      /** Permission bits. Default: `0o600`. */
      readonly mode?: number;
    }
    | {
      /** Directories above a file need no entry of their own. */
      readonly kind: "directory";
      /** Permission bits. Default: `0o700`. */
      readonly mode?: number;
    }
    | {
      readonly kind: "symlink";
      /** What it points to, written as it is and not looked at. */
      readonly target: string;
    }
  );

/** How many files are written together. */
export interface PutFilesOptions extends TransferOptions {
  /**
   * What becomes of what the directory holds already. `"refuse"`: it must be empty or missing, and comes
   * into being with all files at once. `"merge"`: it is kept, and once everything has arrived each file is
   * put in its place whole, instead of one of that name. Default: `"refuse"`.
   */
  readonly existing?: "refuse" | "merge";
  /** Bytes that the contents of all files have, for progress. */
  readonly size?: number;
}

/** How a directory is read as an archive. */
export interface GetArchiveOptions extends TransferOptions {
  /** First byte wanted of the archive, which is the same each time while nothing in the directory changes. Default: 0. */
  readonly offset?: number;
}

/** What is known of one path. */
export interface FileInfo {
  /** The path's last part. Bytes that are not UTF-8 are shown as U+FFFD, so such a name cannot be passed back. */
  readonly name: string;
  /** What it is; a symbolic link is reported as such, not followed. */
  readonly kind: "file" | "directory" | "symlink" | "other";
  /** Size in bytes. */
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  /** Last change of content, in milliseconds since the epoch. */
  readonly modifiedAt: number;
}

/** Space on the file system of a path. */
export interface DiskSpace {
  /** Bytes a user may still write. */
  readonly freeBytes: number;
  /** Size of the file system in bytes. */
  readonly totalBytes: number;
}

/**
 * A machine on which commands run and files lie: over SSH, or this one.
 *
 * Every method rejects with a `LinkLostError` when the connection goes, which says nothing of what
 * became of the command; callers must treat the outcome as unknown.
 *
 * Paths are taken as they are, whatever they hold: `~` and variables are not expanded. A relative path
 * starts at the home directory over SSH, and locally at the directory that the host was opened with.
 */
export interface Host extends AsyncDisposable {
  /** Who and where, for people: `user@host:port`, or `local`. */
  readonly label: string;
  /** Settles when the connection ends: with `undefined` after `close`, else with the error that ended it. */
  readonly closed: Promise<Error | undefined>;
  /** How many channels (or child processes) are open now. */
  readonly openChannels: number;
  /** How many commands `run` has sent since the connection opened. */
  readonly commandsSent: number;
  /**
   * Runs a shell command to its end; pipelined on the lane's persistent shell.
   *
   * Each command has a subshell of its own with no input, so `cd`, `exit`, variables and syntax errors
   * do not outlive it. What it leaves running in the background does not hold it up, but must have its
   * output redirected: it would mix with that of later commands.
   *
   * Rejects with a `CommandTimeoutError`, an `OutputTooLargeError`, a `ShellStartError`, or a
   * `ShellLostError` when the shell dies under the command. No command is ever run twice.
   */
  run(command: string, options?: RunOptions): Promise<CommandResult>;
  /** Starts a command on a channel of its own, after the prelude and without the noise of profiles. */
  stream(command: string, options?: StreamOptions): Promise<HostStream>;
  /**
   * Writes a file: to a temporary name beside it, then renamed, so that no reader sees half of it. A
   * symbolic link is replaced, not followed. Rejects with a `DiskFullError` or a `FileError`.
   */
  put(
    source: Uint8Array | ReadableStream<Uint8Array>,
    path: string,
    options?: PutOptions,
  ): Promise<void>;
  /**
   * Reads a file as a stream with backpressure, which errors rather than ends early. It holds a channel
   * until it is read to its end or cancelled. Rejects with a `FileError`.
   */
  get(path: string, options?: GetOptions): Promise<ReadableStream<Uint8Array>>;
  /**
   * Writes many files below a directory, over one channel. They are unpacked beside it and put in place when
   * all have arrived, so that nothing half-written has its final name, and what was cut leaves nothing.
   * The parent of the directory must exist. Rejects with a `DiskFullError`, a `FileError`, or an
   * `UnsafePathError` before anything is in place.
   */
  putFiles(
    entries: Iterable<FileEntry> | AsyncIterable<FileEntry>,
    directory: string,
    options?: PutFilesOptions,
  ): Promise<void>;
  /**
   * Reads all that a directory holds as a tar archive, a stream with backpressure, which errors rather than ends
   * early. It holds a channel until it is read to its end or cancelled. Rejects with a `FileError`. What is in it
   * tells `readArchive`.
   */
  getArchive(directory: string, options?: GetArchiveOptions): Promise<ReadableStream<Uint8Array>>;
  /** What is known of a path, or `undefined` where there is none. */
  stat(path: string): Promise<FileInfo | undefined>;
  /** What a directory holds, hidden entries included, sorted by name. */
  list(path: string): Promise<readonly FileInfo[]>;
  /** Makes a directory and its parents. An existing one is no error. */
  makeDirectory(path: string, options?: { readonly mode?: number }): Promise<void>;
  /** Removes a file or, with `recursive`, a directory. A missing one is no error. */
  remove(path: string, options?: { readonly recursive?: boolean }): Promise<void>;
  /** Space on the file system that holds the path. */
  freeSpace(path: string): Promise<DiskSpace>;
  /** Closes every channel and the connection. Safe to call twice. */
  close(): Promise<void>;
}
