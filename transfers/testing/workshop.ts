/**
 * A temporary directory with the files of tests.
 *
 * @module
 */

import { join } from "node:path";

/** See the module. */
export class Workshop implements AsyncDisposable {
  private constructor(
    /** The directory. */
    readonly directory: string,
  ) {}

  /** Makes one. */
  static async open(): Promise<Workshop> {
    return new Workshop(await Deno.makeTempDir({ prefix: "sluice-transfers-" }));
  }

  /** The path of something there. */
  path(name: string): string {
    return join(this.directory, name);
  }

  /** Writes a file, and what lies above it; gives its path. */
  async write(name: string, content: string | Uint8Array, mode = 0o644): Promise<string> {
    const path = this.path(name);
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(path, bytes, { mode });
    return path;
  }

  /** Reads a file. */
  read(name: string): Promise<string> {
    return Deno.readTextFile(this.path(name));
  }

  /** Names of what lies in a directory, sorted. */
  async list(name: string): Promise<string[]> {
    const names = await Array.fromAsync(Deno.readDir(this.path(name)), (entry) => entry.name);
    return names.sort();
  }

  /** Removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
  }
}
