/**
 * Files of a cluster that exist in memory only.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { FakeConnection } from "./fake_connection.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Files in memory, which answer the commands that their readers send. */
export class RemoteFiles {
  /** What the files hold, by their paths. */
  readonly content = new Map<string, Uint8Array>();
  /** Paths that can be seen but not read. */
  readonly unreadable = new Set<string>();

  /** Answers what is asked over the connection. */
  serve(connection: FakeConnection): void {
    connection.host.runs.answer = (command) => this.#run(command);
  }

  #run(command: string): { exitCode: number; stdout: Uint8Array; stderr: Uint8Array } {
    const stderr = new Uint8Array();
    if (command.startsWith("stat ")) {
      return { exitCode: 0, stdout: this.#sizes(command), stderr };
    }
    // Opens files, so that others' writes are seen.
    if (command.startsWith("for ")) return { exitCode: 0, stdout: new Uint8Array(), stderr };
    const parts = [...command.matchAll(/if=(\S+) .*? skip=(\d+) count=(\d+) /g)];
    assert.ok(parts.length > 0, command);
    const out: Uint8Array[] = [];
    for (const [, path = "", skip, count] of parts) {
      if (this.unreadable.has(path)) return { exitCode: 1, stdout: Buffer.concat(out), stderr };
      const content = this.content.get(path) ?? new Uint8Array();
      out.push(content.subarray(Number(skip), Number(skip) + Number(count)));
    }
    return { exitCode: 0, stdout: Buffer.concat(out), stderr: this.#sizes(command) };
  }

  /** The sizes of the files that the command names. */
  #sizes(command: string): Uint8Array {
    return bytes(
      [...this.content].filter(([path]) => command.includes(path)).map(
        ([path, { length }]) => `${length}\x1f${path}\x1e`,
      ).join(""),
    );
  }
}
