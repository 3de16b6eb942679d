/**
 * Outputs of jobs for people.
 *
 * @module
 */

import type { JobOutput } from "../../model/mod.ts";
import { table } from "./table.ts";

const units = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** A number of bytes with a unit: `1.5 MiB`. */
export function bytesText(bytes: number): string {
  const step = Math.min(
    units.length - 1,
    bytes === 0 ? 0 : Math.max(0, Math.floor(Math.log2(bytes) / 10)),
  );
  const amount = bytes / 1024 ** step;
  return `${step === 0 ? amount : amount.toFixed(1)} ${units[step]}`;
}

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
