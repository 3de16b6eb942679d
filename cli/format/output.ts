/**
 * Outputs of jobs for people.
 *
 * @module
 */

import { bytesText } from "../../model/mod.ts";
import type { JobOutput } from "../../model/mod.ts";
import { table } from "./table.ts";

/** A table of outputs. */
export function outputTable(outputs: readonly JobOutput[], columns?: number): string {
  return table(outputs, [
    { title: "NAME", cell: ({ name }) => name, shrinks: true },
    { title: "KIND", cell: ({ kind }) => kind },
    { title: "STATUS", cell: ({ status }) => status.replace("_", " ") },
    {
      title: "SIZE",
      cell: (output) => output.status === "collected" ? bytesText(output.bytes) : "-",
      align: "right",
    },
    {
      title: "SHA-256",
      cell: (output) => output.status === "collected" ? output.sha256.slice(0, 12) : "-",
    },
    { title: "PATH", cell: ({ path }) => path, shrinks: true },
  ], columns);
}
