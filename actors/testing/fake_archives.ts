/**
 * Archives on this side that exist by what a test says alone.
 *
 * @module
 */

import type { LocalArchive, LocalEnvironments } from "../../environments/mod.ts";
import type { PackedSoftware } from "../../model/mod.ts";
import { Calls } from "./fake_connection.ts";

/** Archives of which a test says what they are. */
export class FakeArchives implements Pick<LocalEnvironments, "prepare" | "present"> {
  readonly prepares = new Calls<PackedSoftware, LocalArchive>();

  prepare(software: PackedSoftware): Promise<LocalArchive> {
    return this.prepares.call(software);
  }
  present(): Promise<LocalArchive | undefined> {
    return Promise.resolve(undefined);
  }
}

/** What a test knows an archive by: the same for the same word. */
export function fakeArchive(word: string, platform?: LocalArchive["platform"]): LocalArchive {
  const sha256 = word.padEnd(64, "0").replaceAll(/[^0-9a-f]/g, "0").slice(0, 64);
  return { path: word, sha256, size: 1, ...(platform === undefined ? {} : { platform }) };
}
