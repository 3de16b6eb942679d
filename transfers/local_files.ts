/**
 * The files on this machine that jobs take in.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { basename, dirname, join, relative, resolve } from "node:path";
// @ts-types="@types/picomatch"
import picomatch from "picomatch";
import type { FileInput } from "../model/mod.ts";
import type { Content, ContentEntry, InputContent } from "./content.ts";
import { InputEmptyError, InputLinkError, InputUnreadableError } from "./errors.ts";

/** What tells whether a file is the one that was read before. */
interface Stamp {
  readonly size: number;
  readonly mtime: number | undefined;
  readonly ctime: number | undefined;
  readonly ino: number | null;
}

/** So many files are known by what they hold; the longest ago first forgotten. */
const MOST_KNOWN = 200_000;

/** A file that was written less than so many ms before it was read may change again without its times telling. */
const SETTLED_MS = 2_000;

/** What an input has in it that is not its name, as text that differs wherever the content does. */
function hashOf(entries: readonly ContentEntry[]): string {
  const hash = createHash("sha256");
  for (const entry of entries) {
    const what = entry.kind === "file"
      ? [entry.content.sha256, entry.content.executable]
      : entry.kind === "symlink"
      ? [entry.target]
      : [];
    hash.update(JSON.stringify([entry.kind, entry.path, ...what]));
  }
  return hash.digest("hex");
}

/** A pattern in two: the directory that all it can match lies in, and the pattern from there on. */
export function fixedPart(pattern: string): { readonly directory: string; readonly rest: string } {
  const { base, glob } = picomatch.scan(pattern);
  const whole = base.replaceAll(/\\(.)/g, "$1");
  if (glob !== "") return { directory: whole === "" ? "." : whole, rest: glob };
  // It names one thing.
  return { directory: dirname(whole), rest: basename(base) };
}

/** Whether the path is the directory or below it. */
function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`);
}

/** The paths below the directory that the pattern matches. Links to directories are not followed. */
async function* matching(
  directory: string,
  pattern: string,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const matches = picomatch(pattern);
  const depth = pattern.includes("**") ? Infinity : pattern.split("/").length;
  const pending = [""];
  for (let above = pending.pop(); above !== undefined; above = pending.pop()) {
    for await (const { name, isDirectory } of Deno.readDir(join(directory, above))) {
      signal.throwIfAborted();
      const path = above === "" ? name : `${above}/${name}`;
      if (matches(path)) yield path;
      if (isDirectory && path.split("/").length < depth) pending.push(path);
    }
  }
}

/** Reads files, each once as long as it stays as it is. */
export class LocalFiles {
  readonly #known = new Map<string, { readonly stamp: Stamp; readonly sha256: string }>();

  /**
   * What is to be sent for an input.
   *
   * @param name Name of the input, for errors.
   * @throws {InputUnreadableError} Something of it is not there, or may not be read.
   * @throws {InputEmptyError} It is a glob that matches nothing.
   * @throws {InputLinkError} It holds a link that leads out of it.
   */
  async read(name: string, input: FileInput, signal: AbortSignal): Promise<InputContent> {
    if ("text" in input) {
      const source = new TextEncoder().encode(input.text);
      const sha256 = createHash("sha256").update(source).digest("hex");
      const content = { sha256, size: source.length, executable: false, source };
      return { kind: "file", sha256, content };
    }
    if ("file" in input) {
      const content = await this.#content(name, input.file, signal);
      return { kind: "file", sha256: content.sha256, content };
    }
    const entries = new Map<string, ContentEntry>();
    if ("directory" in input) await this.#walk(name, input.directory, "", entries, signal);
    else await this.#match(name, input.glob, entries, signal);
    const sorted = [...entries.values()].sort((a, b) => a.path < b.path ? -1 : 1);
    return { kind: "tree", sha256: hashOf(sorted), entries: sorted };
  }

  /** Adds all that matches the pattern, directories with all they hold. */
  async #match(
    name: string,
    pattern: string,
    entries: Map<string, ContentEntry>,
    signal: AbortSignal,
  ): Promise<void> {
    const { directory, rest } = fixedPart(pattern);
    const paths: string[] = [];
    try {
      for await (const path of matching(directory, rest, signal)) paths.push(path);
    } catch (error) {
      signal.throwIfAborted();
      throw new InputUnreadableError(name, directory, error);
    }
    if (paths.length === 0) throw new InputEmptyError(name, pattern);
    for (const path of paths) {
      if (entries.has(path)) continue;
      const place = join(directory, path);
      const { isDirectory } = await this.#stat(name, place);
      if (isDirectory) {
        entries.set(path, { kind: "directory", path });
        await this.#walk(name, place, `${path}/`, entries, signal);
      } else {
        const content = await this.#content(name, place, signal);
        entries.set(path, { kind: "file", path, content });
      }
    }
  }

  /** Adds all that the directory holds, below the prefix. */
  async #walk(
    name: string,
    directory: string,
    prefix: string,
    entries: Map<string, ContentEntry>,
    signal: AbortSignal,
  ): Promise<void> {
    const root = resolve(directory);
    const real = await this.#real(name, root);
    const pending = [""];
    for (let below = pending.pop(); below !== undefined; below = pending.pop()) {
      const place = join(root, below);
      try {
        for await (const { name: part, isDirectory, isSymlink, isFile } of Deno.readDir(place)) {
          signal.throwIfAborted();
          const local = join(place, part);
          const path = prefix + (below === "" ? part : `${below}/${part}`);
          if (isSymlink) {
            const target = await this.#target(name, local, { root, real });
            entries.set(path, { kind: "symlink", path, target });
          } else if (isDirectory) {
            entries.set(path, { kind: "directory", path });
            pending.push(below === "" ? part : `${below}/${part}`);
          } else if (isFile) {
            entries.set(path, {
              kind: "file",
              path,
              content: await this.#content(name, local, signal),
            });
          } else {
            throw new InputUnreadableError(name, local, "it is neither a file nor a directory");
          }
        }
      } catch (error) {
        signal.throwIfAborted();
        throw unreadable(name, place, error);
      }
    }
  }

  /** The target of a link, which leads to something in the same directory or to nothing. */
  async #target(
    name: string,
    link: string,
    { root, real }: { readonly root: string; readonly real: string },
  ): Promise<string> {
    const target = await Deno.readLink(link);
    const named = resolve(link, "..", target);
    if (target.startsWith("/") || !isBelow(named, root)) {
      throw new InputLinkError(name, link, target);
    }
    const found = await Deno.realPath(link).catch((error) => {
      // A link to nothing is sent as it is.
      if (error instanceof Deno.errors.NotFound) return real;
      throw error;
    });
    if (!isBelow(found, real)) throw new InputLinkError(name, link, relative(root, found));
    return target;
  }

  async #real(name: string, path: string): Promise<string> {
    try {
      const real = await Deno.realPath(path);
      if (!(await Deno.stat(real)).isDirectory) throw new TypeError("it is no directory");
      return real;
    } catch (error) {
      throw new InputUnreadableError(name, path, error);
    }
  }

  async #stat(name: string, path: string): Promise<Deno.FileInfo> {
    try {
      return await Deno.stat(path);
    } catch (error) {
      throw new InputUnreadableError(name, path, error);
    }
  }

  async #content(name: string, given: string, signal: AbortSignal): Promise<Content> {
    const path = resolve(given);
    const { size, mtime, ctime, ino, mode, isFile } = await this.#stat(name, path);
    if (!isFile) throw new InputUnreadableError(name, path, "it is no file");
    const stamp = { size, mtime: mtime?.getTime(), ctime: ctime?.getTime(), ino };
    const executable = ((mode ?? 0) & 0o100) !== 0;
    const sha256 = this.#remembered(path, stamp) ?? await this.#hash(name, path, stamp, signal);
    return { sha256, size, executable, source: path };
  }

  #remembered(path: string, stamp: Stamp): string | undefined {
    const known = this.#known.get(path);
    return known !== undefined && JSON.stringify(known.stamp) === JSON.stringify(stamp)
      ? known.sha256
      : undefined;
  }

  async #hash(name: string, path: string, stamp: Stamp, signal: AbortSignal): Promise<string> {
    const hash = createHash("sha256");
    const settled = Date.now() - Math.max(stamp.mtime ?? 0, stamp.ctime ?? 0) > SETTLED_MS;
    try {
      using file = await Deno.open(path);
      for await (const chunk of file.readable) {
        signal.throwIfAborted();
        hash.update(chunk);
      }
    } catch (error) {
      signal.throwIfAborted();
      throw new InputUnreadableError(name, path, error);
    }
    const sha256 = hash.digest("hex");
    this.#known.delete(path);
    if (settled) this.#known.set(path, { stamp, sha256 });
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_KNOWN && oldest !== undefined) this.#known.delete(oldest);
    return sha256;
  }
}

/** An error that has its words already, or one that gets them. */
function unreadable(name: string, path: string, error: unknown): unknown {
  return error instanceof InputUnreadableError || error instanceof InputLinkError
    ? error
    : new InputUnreadableError(name, path, error);
}
