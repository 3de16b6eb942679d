/**
 * A temporary directory in which tests pack.
 *
 * @module
 */

import assert from "node:assert/strict";

/** The beginning of a 64-bit little-endian program. @param machine Number of the machine, as in `elf.h`. */
export function programHead(machine: number): Uint8Array {
  const head = new Uint8Array(64);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  new DataView(head.buffer).setUint16(18, machine, true);
  return head;
}

/** See the module. */
export class Workshop implements AsyncDisposable {
  private constructor(
    /** The directory. */
    readonly directory: string,
  ) {}

  /** Makes one. */
  static async open(): Promise<Workshop> {
    return new Workshop(await Deno.makeTempDir({ prefix: "sluice-environments-" }));
  }

  /** The path of a file there. */
  path(name: string): string {
    return `${this.directory}/${name}`;
  }

  /** Writes a file, and what lies above it. */
  async write(name: string, content: string | Uint8Array): Promise<void> {
    const path = this.path(name);
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(
      path,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
  }

  /** Runs a script of `sh` there; gives what it printed. */
  async shell(script: string): Promise<string> {
    const { code, stdout, stderr } = await new Deno.Command("sh", {
      args: ["-c", script],
      cwd: this.directory,
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    assert.equal(code, 0, decoder.decode(stderr));
    return decoder.decode(stdout);
  }

  /** Removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
  }
}
