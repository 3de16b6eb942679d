/**
 * Labels that the journal itself gives to jobs, so that those of a session are found along an index.
 *
 * @module
 */

import type { JobSummary, SessionId, SessionName } from "../model/mod.ts";

/** What jobs are found by, beside the labels that users give them. */
export type Indexed =
  /** Steps of a session. */
  | { readonly kind: "step"; readonly session: SessionId }
  /** Steps of a session that are Ray or Spark clusters. */
  | { readonly kind: "standing"; readonly session: SessionId }
  /** Jobs that hold the nodes of sessions: of all, or of those with this name in the configuration. */
  | { readonly kind: "allocation"; readonly name?: SessionName };

/** The label as it is kept. No label of a user's has an empty name. */
export function indexText(indexed: Indexed): string {
  switch (indexed.kind) {
    case "step":
    case "standing":
      return JSON.stringify(["", indexed.kind, indexed.session]);
    case "allocation":
      return JSON.stringify([
        "",
        indexed.kind,
        ...indexed.name === undefined ? [] : [indexed.name],
      ]);
  }
}

/** The labels of a job as they are kept. They never change. */
export function indexTexts({ session, framework, allocation }: JobSummary): readonly string[] {
  const indexed: Indexed[] = [];
  if (session !== undefined) indexed.push({ kind: "step", session });
  if (session !== undefined && framework !== undefined) indexed.push({ kind: "standing", session });
  if (allocation !== undefined) indexed.push({ kind: "allocation" });
  if (allocation?.name !== undefined) {
    indexed.push({ kind: "allocation", name: allocation.name });
  }
  return indexed.map(indexText);
}
