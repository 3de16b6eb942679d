/**
 * Environments on the machine where Sluice runs.
 *
 * @module
 */

import type { PackedSoftware } from "../model/mod.ts";
import { Archives } from "./archives.ts";
import type { LocalArchive } from "./archives.ts";
import { Packer } from "./packer.ts";

export type { LocalArchive } from "./archives.ts";

/** The archives of software that is brought along. */
export class LocalEnvironments {
  readonly #archives = new Archives();
  readonly #packer: Packer;

  /** @param directory Where archives that commands make are put. */
  constructor(directory: string) {
    this.#packer = new Packer(directory);
  }

  /**
   * The archive of the software; made, where a command makes it.
   *
   * @throws {SluiceError} There is none, or it is none that can be sent.
   */
  async prepare(software: PackedSoftware, signal: AbortSignal): Promise<LocalArchive> {
    const path = software.kind === "archive"
      ? software.path
      : await this.#packer.pack(software, signal);
    return await this.#archives.describe(path, software.platform, signal);
  }

  /**
   * The archive of the software as it is now; `undefined` where a command has yet to make it.
   *
   * @throws {SluiceError} It is none that can be sent.
   */
  async present(software: PackedSoftware, signal: AbortSignal): Promise<LocalArchive | undefined> {
    const path = software.kind === "archive" ? software.path : await this.#packer.made(software);
    if (path === undefined) return undefined;
    return await this.#archives.describe(path, software.platform, signal);
  }
}
