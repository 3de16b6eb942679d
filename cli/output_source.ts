/**
 * Outputs of jobs as they come from the server.
 *
 * @module
 */

import type { OutputRequest } from "../model/mod.ts";
import { jobOutput } from "../rpc/mod.ts";
import type { SluiceClient } from "../rpc/mod.ts";
import { fetchedTree } from "../transfers/mod.ts";
import type { OutputSource } from "../transfers/mod.ts";

/** Reads the outputs of a job, or of one of its tasks, through the server. */
export function clientOutputs(
  client: SluiceClient,
  part: Omit<OutputRequest, "name">,
  signal: AbortSignal,
): OutputSource {
  async function* bytes(name: string, ended: AbortSignal): AsyncGenerator<Uint8Array> {
    for await (const chunk of jobOutput(client, { ...part, name }, { signal: ended })) {
      yield chunk.bytes;
    }
    ended.throwIfAborted();
  }
  return {
    file: ({ name }) => bytes(name, signal),
    tree: ({ name }) => fetchedTree((ended) => bytes(name, ended), signal),
  };
}
