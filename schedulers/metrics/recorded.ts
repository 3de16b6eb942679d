/**
 * What the record that a job's script leaves at its end tells of what the job has used.
 *
 * @module
 */

import type { Host } from "../../hosts/mod.ts";
import { parseExitRecords, printExitRecords } from "../exit_record.ts";
import type { ExitRecord } from "../exit_record.ts";
import type { RemoteLayout } from "../layout.ts";
import type { MeteredPart } from "../scheduler.ts";
import type { PartFound } from "./assemble.ts";
import { NOTHING_FOUND } from "./assemble.ts";
import { figuresOf, known } from "./figures.ts";

/** What is told by a record. Its times are whole seconds. */
export function recordFound(record: ExitRecord | undefined, nodes: number): PartFound {
  if (record === undefined) return NOTHING_FOUND;
  const elapsedSeconds = Math.max(0, record.endedAt - record.startedAt) / 1000;
  const figures = figuresOf(
    known({ elapsedSeconds, nodes: nodes === 0 ? undefined : nodes }),
  );
  return { source: "record", figures, steps: [] };
}

/** The records of those parts that have ended. */
export async function readRecords(
  host: Host,
  layout: RemoteLayout,
  parts: readonly MeteredPart[],
  signal: AbortSignal,
): Promise<ReadonlyMap<MeteredPart, ExitRecord>> {
  const ended = parts.filter(({ final }) => final);
  if (ended.length === 0) return new Map();
  const attempts = [...new Set(ended.map(({ attemptId }) => attemptId))];
  const { stdout } = await host.run(printExitRecords(layout.jobs, attempts), { signal });
  const records = new Map(
    parseExitRecords(new TextDecoder().decode(stdout)).map((record) =>
      [`${record.attemptId} ${record.task}`, record] as const
    ),
  );
  return new Map(ended.flatMap((part) => {
    const record = records.get(`${part.attemptId} ${part.task}`);
    return record === undefined ? [] : [[part, record] as const];
  }));
}
