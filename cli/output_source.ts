/**
 * Outputs of jobs as they come from the server.
 *
 * @module
 */

import type { OutputRequest } from "../model/mod.ts";
import { jobOutput } from "../rpc/mod.ts";
import type { SluiceClient } from "../rpc/mod.ts";
import type { CollectedOutput, FetchedEntry, OutputSource } from "../transfers/mod.ts";

/** Reads the outputs of a job, or of one of its tasks, through the server. */
export function clientOutputs(
  client: SluiceClient,
  part: Omit<OutputRequest, "name">,
  signal: AbortSignal,
): OutputSource {
  async function* bytes(name: string, path?: string): AsyncGenerator<Uint8Array> {
    const request = { ...part, name, ...(path === undefined ? {} : { path }) };
    for await (const chunk of jobOutput(client, request, { signal })) yield chunk.bytes;
    signal.throwIfAborted();
  }
  async function* tree({ name }: CollectedOutput): AsyncGenerator<FetchedEntry> {
    for (const entry of await client.jobs.outputEntries.query({ ...part, name }, { signal })) {
      yield entry.kind === "file" ? { ...entry, content: bytes(name, entry.path) } : entry;
    }
  }
  return { file: ({ name }) => bytes(name), tree };
}
