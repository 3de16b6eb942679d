/**
 * The files on a cluster that jobs take in and bring out.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { getLogger } from "@logtape/logtape";
import { fileFailure, runAside } from "../hosts/mod.ts";
import type { CommandResult, FileEntry, Host, TransferProgress } from "../hosts/mod.ts";
import type { OutputEntry } from "../model/mod.ts";
import { contentsOf, storedName } from "./content.ts";
import type { Content, ContentEntry, InputContent } from "./content.ts";
import {
  FilesUnusableError,
  InputChangedError,
  InputNotPlacedError,
  InputUnreadableError,
} from "./errors.ts";
import {
  draftsProgram,
  expireProgram,
  GONE_EXIT_CODE,
  listedEntries,
  listProgram,
  missingProgram,
  placeProgram,
} from "./remote_programs.ts";
import type { Placement } from "./remote_programs.ts";
import { Turns } from "./turns.ts";

/** An input with the place where it is to lie. */
export interface PlacedInput {
  /** Its name, for people. */
  readonly name: string;
  /** What it is. */
  readonly input: InputContent;
  /** Its path on the cluster; absolute or from `~/`. */
  readonly to: string;
}

/** What can be done with files on a cluster. */
export interface ClusterFiles {
  /**
   * Puts a job's inputs where it wants them, and sends what of them is not on the cluster.
   *
   * @param jobDirectory The job's directory, which need not be there.
   * @throws {SluiceError} Some of them could not be sent, or not be put there.
   */
  place(inputs: readonly PlacedInput[], jobDirectory: string, signal: AbortSignal): Promise<void>;
  /** Removes what was sent and nobody has wanted for some time; gives how many files. */
  expire(unusedMs: number, signal: AbortSignal): Promise<number>;
  /**
   * A file from the offset on, as a stream with backpressure.
   *
   * @throws {SluiceError} It cannot be read.
   */
  open(path: string, offset: number, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
  /**
   * All that a directory holds, as a tar archive from the offset on, as a stream with backpressure.
   *
   * @throws {SluiceError} It cannot be read.
   */
  archive(
    directory: string,
    offset: number,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>>;
  /**
   * What a directory holds, without the contents.
   *
   * @throws {SluiceError} It cannot be read.
   */
  list(directory: string, signal: AbortSignal): Promise<readonly OutputEntry[]>;
}

const log = getLogger(["sluice", "transfers"]);

const decoder = new TextDecoder();

/** Name of the directory, below Sluice's, of what was sent. */
const STORE = "files";
/** Name of the directory in the job's in which its inputs are made ready. */
const DRAFTS = ".inputs";
/** So many names go into one question. */
const NAMES_AT_ONCE = 5_000;
/** A file of more bytes travels alone; what has arrived of the others is kept when the line is cut. */
const ALONE_FROM_BYTES = 4 * 1024 * 1024;
/** The others travel together, up to so many bytes and files. */
const TOGETHER_BYTES = 32 * 1024 * 1024;
const TOGETHER_FILES = 2_000;
/**
 * Transfers of one kind that go on at the same time: each holds one of few channels, and more of them would
 * hardly be faster.
 */
const PLACING_AT_ONCE = 2;
const READING_AT_ONCE = 2;

/** The files below Sluice's directory on a host, and those that jobs make there. */
export class RemoteFiles implements ClusterFiles {
  readonly #host: Host;
  readonly #store: string;
  readonly #sending = new Turns(1);
  readonly #placing = new Turns(PLACING_AT_ONCE);
  readonly #reading = new Turns(READING_AT_ONCE);

  /**
   * Works over the given connection, which stays the caller's.
   *
   * @param root Sluice's directory there, absolute.
   */
  constructor(host: Host, root: string) {
    this.#host = host;
    this.#store = `${root}/${STORE}`;
  }

  /** See {@linkcode ClusterFiles.place}. */
  async place(
    inputs: readonly PlacedInput[],
    jobDirectory: string,
    signal: AbortSignal,
  ): Promise<void> {
    const contents = new Map(
      inputs.flatMap(({ input }) => contentsOf(input)).map((one) => [storedName(one), one]),
    );
    await this.#send(contents, signal);
    const done = await this.#placing.take(signal);
    try {
      await this.#put(inputs, jobDirectory, signal);
    } finally {
      done();
    }
  }

  /** See {@linkcode ClusterFiles.expire}. */
  async expire(unusedMs: number, signal: AbortSignal): Promise<number> {
    const result = await runAside(this.#host, expireProgram(this.#store, unusedMs / 1000), signal);
    this.#check(result);
    return Number(decoder.decode(result.stdout).trim() || "0");
  }

  /** See {@linkcode ClusterFiles.open}. */
  open(path: string, offset: number, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    return this.#read(() => this.#host.get(path, { offset, signal }), signal);
  }

  /** See {@linkcode ClusterFiles.archive}. */
  archive(
    directory: string,
    offset: number,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>> {
    return this.#read(() => this.#host.getArchive(directory, { offset, signal }), signal);
  }

  /** See {@linkcode ClusterFiles.list}. */
  async list(directory: string, signal: AbortSignal): Promise<readonly OutputEntry[]> {
    const { exitCode, stdout, stderr } = await runAside(
      this.#host,
      listProgram(directory),
      signal,
    );
    if (exitCode !== 0) throw fileFailure(this.#host.label, directory, decoder.decode(stderr));
    return listedEntries(decoder.decode(stdout));
  }

  /** A stream that holds one of few turns until it has ended. */
  async #read(
    begin: () => Promise<ReadableStream<Uint8Array>>,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>> {
    const done = await this.#reading.take(signal);
    try {
      const reader = (await begin()).getReader();
      return new ReadableStream<Uint8Array>({
        async pull(controller) {
          try {
            const { done: ended, value } = await reader.read();
            if (!ended) return controller.enqueue(value);
            done();
            controller.close();
          } catch (error) {
            done();
            throw error;
          }
        },
        async cancel(reason) {
          try {
            await reader.cancel(reason);
          } finally {
            done();
          }
        },
      }, { highWaterMark: 0 });
    } catch (error) {
      done();
      throw error;
    }
  }

  /** Sends what is not there. Jobs with the same content wait for whoever sends it. */
  async #send(contents: ReadonlyMap<string, Content>, signal: AbortSignal): Promise<void> {
    if ((await this.#missing([...contents.keys()], signal)).length === 0) return;
    const done = await this.#sending.take(signal);
    try {
      // Somebody else may have sent it meanwhile.
      const missing = await this.#missing([...contents.keys()], signal);
      await this.#upload(
        missing.flatMap((name) => {
          const content = contents.get(name);
          return content === undefined ? [] : [[name, content] as const];
        }),
        signal,
      );
    } finally {
      done();
    }
  }

  async #missing(names: readonly string[], signal: AbortSignal): Promise<string[]> {
    const missing: string[] = [];
    for (let start = 0; start < names.length; start += NAMES_AT_ONCE) {
      const some = names.slice(start, start + NAMES_AT_ONCE);
      const result = await this.#host.run(missingProgram(this.#store, some), { signal });
      this.#check(result);
      missing.push(...decoder.decode(result.stdout).split("\n").filter((line) => line !== ""));
    }
    return missing;
  }

  async #upload(
    contents: readonly (readonly [name: string, content: Content])[],
    signal: AbortSignal,
  ): Promise<void> {
    const total = contents.reduce((sum, [, { size }]) => sum + size, 0);
    if (contents.length === 0) return;
    log.info("sending {count} files, {total} bytes, to {host}", {
      count: contents.length,
      total,
      host: this.#host.label,
    });
    let before = 0;
    const options = {
      signal,
      onProgress: ({ bytes }: TransferProgress) =>
        log.debug("sent {bytes} of {total} bytes of files to {host}", {
          bytes: before + bytes,
          total,
          host: this.#host.label,
        }),
    };
    for (const batch of batches(contents)) {
      const [first] = batch;
      const size = batch.reduce((sum, [, content]) => sum + content.size, 0);
      if (batch.length === 1 && first !== undefined) {
        const [name, content] = first;
        const mode = content.executable ? 0o700 : 0o600;
        await this.#host.put(opened(content), `${this.#store}/${name}`, { ...options, mode, size });
      } else {
        const entries = batch.map(([name, content]): FileEntry => ({
          kind: "file",
          path: name,
          content: { size: content.size, open: () => opened(content) },
          mode: content.executable ? 0o700 : 0o600,
        }));
        await this.#host.putFiles(entries, this.#store, { ...options, existing: "merge", size });
      }
      before += size;
    }
    log.info("sent {count} files to {host}", { count: contents.length, host: this.#host.label });
  }

  async #put(
    inputs: readonly PlacedInput[],
    jobDirectory: string,
    signal: AbortSignal,
  ): Promise<void> {
    const drafts = `${jobDirectory}/${DRAFTS}`;
    const trees: FileEntry[] = [];
    const placements = inputs.map(({ input, to }, index): Placement => {
      if (input.kind === "file") return { kind: "file", stored: storedName(input.content), to };
      const { entries } = input;
      const files = `${index}`;
      const links = `${index}.links`;
      trees.push({ kind: "directory", path: files });
      trees.push(...entries.flatMap((entry) => draft(entry, { store: this.#store, files, links })));
      const linked = entries.some(({ kind }) => kind === "symlink");
      return { kind: "tree", to, files, ...(linked ? { links } : {}) };
    });
    if (trees.length > 0) {
      this.#check(await this.#host.run(draftsProgram(drafts), { signal }));
      await this.#host.putFiles(trees, drafts, { signal, existing: "merge" });
    }
    const program = placeProgram(this.#store, jobDirectory, drafts, placements);
    const { exitCode, stderr } = await runAside(this.#host, program, signal);
    if (exitCode === 0) return;
    const words = decoder.decode(stderr);
    if (exitCode === GONE_EXIT_CODE) {
      throw new FilesUnusableError(this.#store, words || "what was sent just now is gone");
    }
    const names = inputs.map(({ name }) => name);
    throw new InputNotPlacedError(names, words, /No space left|quota exceeded|Stale/i.test(words));
  }

  #check({ exitCode, stderr }: CommandResult): void {
    if (exitCode === 0) return;
    throw new FilesUnusableError(this.#store, decoder.decode(stderr));
  }
}

/** Parts what is to be sent into what travels together. */
function batches(
  contents: readonly (readonly [name: string, content: Content])[],
): (readonly [name: string, content: Content])[][] {
  const made: (readonly [string, Content])[][] = [];
  let open: (readonly [string, Content])[] = [];
  let bytes = 0;
  for (const one of contents) {
    const [, { size }] = one;
    if (size > ALONE_FROM_BYTES) {
      made.push([one]);
      continue;
    }
    if (open.length >= TOGETHER_FILES || bytes + size > TOGETHER_BYTES) {
      made.push(open);
      open = [];
      bytes = 0;
    }
    open.push(one);
    bytes += size;
  }
  if (open.length > 0) made.push(open);
  return made;
}

/** What stands for an entry of a tree among the drafts: for a file, a link to what was sent. */
function draft(
  entry: ContentEntry,
  { store, files, links }: Readonly<Record<"store" | "files" | "links", string>>,
): FileEntry[] {
  switch (entry.kind) {
    case "file":
      return [{
        kind: "symlink",
        path: `${files}/${entry.path}`,
        target: `${store}/${storedName(entry.content)}`,
      }];
    case "directory":
      return [{ kind: "directory", path: `${files}/${entry.path}` }];
    case "symlink":
      return [{ kind: "symlink", path: `${links}/${entry.path}`, target: entry.target }];
  }
}

/** The bytes of a content; the stream errors where they are not what they were. */
function opened({ source, sha256, size }: Content): ReadableStream<Uint8Array> {
  if (typeof source !== "string") return new Blob([new Uint8Array(source)]).stream();
  const path = source;
  const hash = createHash("sha256");
  let left = size;
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      reader ??= (await opening(path)).readable.getReader();
      const { done, value } = await reader.read();
      if (!done) {
        left -= value.length;
        hash.update(value);
        if (left < 0) {
          await reader.cancel();
          throw new InputChangedError(path);
        }
        controller.enqueue(value);
        return;
      }
      if (left !== 0 || hash.digest("hex") !== sha256) throw new InputChangedError(path);
      controller.close();
    },
    async cancel(reason) {
      await reader?.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

async function opening(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path);
  } catch (error) {
    throw new InputUnreadableError(path, path, error);
  }
}
