/**
 * The small files as the output of a job, which is fetched as users fetch it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { basename, dirname } from "node:path";
import type { Host } from "../../../hosts/mod.ts";
import { fetchedTree, fetchOutputs, RemoteFiles, treeHash } from "../../../transfers/mod.ts";
import type { CollectedOutput } from "../../../transfers/mod.ts";
import { smallFiles } from "./files.ts";

/** The small files below `small` as a job would tell of them that had made them at that path of the cluster. */
export async function smallOutput(directory: string, path: string): Promise<CollectedOutput> {
  const files: { readonly path: string; readonly sha256: string }[] = [];
  let bytes = 0;
  for await (const { path, content } of smallFiles(directory)) {
    files.push({ path, sha256: createHash("sha256").update(content).digest("hex") });
    bytes += content.length;
  }
  const directories = [...new Set(files.map(({ path }) => dirname(path)))];
  const sha256 = treeHash({ files, directories, links: [] });
  const name = basename(path);
  return { status: "collected", kind: "directory", name, path, bytes, files: files.length, sha256 };
}

/** Fetches it as a new directory. */
export async function fetchOutput(host: Host, output: CollectedOutput, to: string): Promise<void> {
  const remote = new RemoteFiles(host, dirname(output.path));
  const source = {
    async *file({ path }: CollectedOutput) {
      yield* await remote.open(path, 0, new AbortController().signal);
    },
    tree: ({ path }: CollectedOutput) =>
      fetchedTree(async function* (ended) {
        yield* await remote.archive(path, 0, ended);
      }, undefined),
  };
  await fetchOutputs([{ ...output, name: basename(to) }], source, dirname(to));
}
