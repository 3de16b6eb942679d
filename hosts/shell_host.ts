/**
 * A host over any transport that can start a shell.
 *
 * @module
 */

import { commandLine } from "../shell/mod.ts";
import { ChannelBudget, type ChannelBudgetOptions } from "./channel_budget.ts";
import { HostClosedError } from "./errors.ts";
import {
  type DiskFullError,
  FileError,
  fileFailure,
  type FileProblem,
  fileProblem,
} from "./file_errors.ts";
import {
  IN_C_LOCALE,
  lastPart,
  listCommand,
  parseDiskSpace,
  parseFileInfos,
  spaceCommand,
  statCommand,
} from "./file_info.ts";
import type {
  CommandResult,
  DiskSpace,
  FileEntry,
  FileInfo,
  GetArchiveOptions,
  GetOptions,
  Host,
  HostStream,
  PutFilesOptions,
  PutOptions,
  RunOptions,
  StreamOptions,
} from "./host.ts";
import { startStream } from "./host_stream.ts";
import { Lane } from "./lane.ts";
import { putFiles } from "./put_files.ts";
import { killCommand, shellCommand, type ShellOptions, streamCommand } from "./shell_script.ts";
import { ShellSession } from "./shell_session.ts";
import { getArchive, getFile, putFile } from "./transfer.ts";
import type { Transport } from "./transport.ts";

/** How a {@linkcode ShellHost} uses its transport. */
export interface ShellHostOptions extends ChannelBudgetOptions {
  /** How shells are started. */
  readonly shell?: ShellOptions;
  /** Milliseconds that a shell with its profiles and prelude may take to start. Default: 60,000. */
  readonly startTimeoutMs?: number;
}

/** How long the kill of a process group may take before we stop waiting for it. */
const KILL_TIMEOUT_MS = 3000;
/** Questions about files have a shell of their own, so that they never wait behind a slow command. */
const FILES_LANE = "files";
const ABSENT: ReadonlySet<FileProblem> = new Set(["not-found", "not-a-directory"]);

/** A host whose commands, streams and files all go through POSIX shells on a transport. */
export class ShellHost implements Host {
  readonly label: string;
  readonly closed: Promise<Error | undefined>;
  readonly #transport: Transport;
  readonly #budget: ChannelBudget;
  readonly #shell: ShellOptions;
  readonly #startTimeoutMs: number;
  readonly #lanes = new Map<string, Lane>();
  readonly #streams = new Set<HostStream>();
  #commandsSent = 0;
  /** Why nothing can be asked any more. */
  #over: Error | undefined;
  #closing: Promise<void> | undefined;

  /** Takes over the transport, which is closed with the host. */
  constructor(transport: Transport, options: ShellHostOptions = {}) {
    this.label = transport.label;
    this.closed = transport.closed;
    this.#transport = transport;
    this.#budget = new ChannelBudget(transport, options);
    this.#shell = options.shell ?? {};
    this.#startTimeoutMs = options.startTimeoutMs ?? 60_000;
    void transport.closed.then((error) => {
      if (error !== undefined) this.#end(error);
    });
  }

  get openChannels(): number {
    return this.#budget.held;
  }

  get commandsSent(): number {
    return this.#commandsSent;
  }

  run(command: string, options: RunOptions = {}): Promise<CommandResult> {
    if (this.#over !== undefined) return Promise.reject(this.#over);
    return this.#lane(options.lane ?? "control").run(command, options);
  }

  stream(command: string, options: StreamOptions = {}): Promise<HostStream> {
    return this.#stream(command, options, this.#shell);
  }

  put(
    source: Uint8Array | ReadableStream<Uint8Array>,
    path: string,
    options: PutOptions = {},
  ): Promise<void> {
    return putFile(this.#transfers, source, path, options);
  }

  get(path: string, options: GetOptions = {}): Promise<ReadableStream<Uint8Array>> {
    return getFile(this.#transfers, path, options);
  }

  putFiles(
    entries: Iterable<FileEntry> | AsyncIterable<FileEntry>,
    directory: string,
    options: PutFilesOptions = {},
  ): Promise<void> {
    return putFiles(this.#transfers, entries, directory, options);
  }

  getArchive(
    directory: string,
    options: GetArchiveOptions = {},
  ): Promise<ReadableStream<Uint8Array>> {
    return getArchive(this.#transfers, directory, options);
  }

  async stat(path: string): Promise<FileInfo | undefined> {
    const result = await this.run(statCommand(path), { lane: FILES_LANE });
    if (result.exitCode !== 0) {
      const error = this.#fileError(path, result);
      if (error instanceof FileError && ABSENT.has(error.problem)) return undefined;
      throw error;
    }
    const [info] = parseFileInfos(result.stdout);
    return info === undefined ? undefined : { ...info, name: lastPart(path) };
  }

  async list(path: string): Promise<readonly FileInfo[]> {
    const result = await this.run(listCommand(path), { lane: FILES_LANE });
    const complaints = new TextDecoder().decode(result.stderr).trim().split("\n");
    // A name may go between the listing and the question about it.
    const serious = complaints.find((line) => line !== "" && fileProblem(line) !== "not-found");
    if (result.exitCode !== 0 || serious !== undefined) throw this.#fileError(path, result);
    return parseFileInfos(result.stdout).toSorted((a, b) =>
      a.name < b.name ? -1 : a.name > b.name ? 1 : 0
    );
  }

  async makeDirectory(path: string, options: { readonly mode?: number } = {}): Promise<void> {
    const mode = options.mode === undefined
      ? []
      : ["-m", options.mode.toString(8).padStart(4, "0")];
    await this.#fileCommand(path, ["mkdir", "-p", ...mode, "--", path]);
  }

  async remove(path: string, options: { readonly recursive?: boolean } = {}): Promise<void> {
    const flags = options.recursive === true ? "-rf" : "-f";
    await this.#fileCommand(path, ["rm", flags, "--", path]);
  }

  async freeSpace(path: string): Promise<DiskSpace> {
    const result = await this.run(spaceCommand(path), { lane: FILES_LANE });
    const space = result.exitCode === 0 ? parseDiskSpace(result.stdout) : undefined;
    if (space === undefined) throw this.#fileError(path, result);
    return space;
  }

  close(): Promise<void> {
    this.#end(new HostClosedError(this.label));
    return this.#closing ?? Promise.resolve();
  }

  /** Closes the host. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Tells everyone the reason and closes everything; the first reason counts. */
  #end(reason: Error): void {
    if (this.#over !== undefined) return;
    this.#over = reason;
    this.#closing = this.#close(reason);
  }

  async #close(reason: Error): Promise<void> {
    this.#budget.close(reason);
    const lanes = [...this.#lanes.values()];
    await Promise.all([
      ...[...this.#streams].map((stream) => stream.close()),
      ...lanes.map((lane) => lane.close(reason)),
    ]);
    await this.#transport.close();
    await Promise.all(lanes.map((lane) => lane.done));
  }

  #lane(name: string): Lane {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = new Lane({
        label: this.label,
        startShell: async () => {
          const channel = await this.#budget.open(shellCommand(this.#shell));
          return ShellSession.start(channel, this.label, this.#shell, this.#startTimeoutMs);
        },
        kill: (processId) => this.#kill(processId, "KILL"),
        commandSent: () => this.#commandsSent++,
      });
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  async #stream(
    command: string,
    { signal }: StreamOptions,
    shell: ShellOptions,
  ): Promise<HostStream> {
    if (this.#over !== undefined) throw this.#over;
    const channel = await this.#budget.open(streamCommand(shell), signal);
    const stream = await startStream(channel, command, {
      label: this.label,
      startTimeoutMs: this.#startTimeoutMs,
      kill: (processId, name) => this.#kill(processId, name),
    }, shell);
    if (this.#over !== undefined || signal?.aborted === true) {
      await stream.close();
      throw signal?.aborted === true ? signal.reason : this.#over;
    }
    this.#streams.add(stream);
    const abort = () => void stream.close();
    signal?.addEventListener("abort", abort, { once: true });
    const forget = () => {
      this.#streams.delete(stream);
      signal?.removeEventListener("abort", abort);
    };
    stream.exit.then(forget, forget);
    return stream;
  }

  get #transfers() {
    // Moving bytes needs nothing of the prelude, which may be slow.
    const { prelude: _, ...plain } = this.#shell;
    return {
      label: this.label,
      stream: (command: string, options: StreamOptions) => this.#stream(command, options, plain),
      freeSpace: (path: string) => this.freeSpace(path),
    };
  }

  /** Signals a process group over a channel of its own, which may go one beyond the budget. */
  async #kill(processId: number, signal: "TERM" | "KILL"): Promise<void> {
    try {
      const channel = await this.#transport.open(killCommand(signal, processId));
      const timer = setTimeout(() => void channel.close(), KILL_TIMEOUT_MS);
      // Settles either way: a group that is gone is what was wanted.
      await channel.exit.catch(() => {});
      clearTimeout(timer);
      await channel.close();
    } catch {
      // A connection that takes no channel any more cannot stop a command either; closing the
      // command's own channel, which every caller does next, is what is left.
    }
  }

  async #fileCommand(path: string, words: readonly string[]): Promise<void> {
    const result = await this.run(`${IN_C_LOCALE}; ${commandLine(words)}`, { lane: FILES_LANE });
    if (result.exitCode !== 0) throw this.#fileError(path, result);
  }

  #fileError(path: string, { stderr, exitCode }: CommandResult): FileError | DiskFullError {
    const said = new TextDecoder().decode(stderr).trim();
    return fileFailure(this.label, path, said === "" ? `exit status ${exitCode}` : said);
  }
}
