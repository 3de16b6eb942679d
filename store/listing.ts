/**
 * Lists jobs by index, newest first.
 *
 * @module
 */

import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { JobListRequest, JobPhase } from "../model/mod.ts";
import { CursorInvalidError } from "./errors.ts";
import { indexText } from "./index_labels.ts";
import type { Indexed } from "./index_labels.ts";
import type { Row } from "./rows.ts";

/** A listing's place: the last job given out. */
interface Place {
  readonly acceptedAt: number;
  readonly key: number;
}

/** A label as it is kept: JSON keeps apart what SQLite's text cannot, such as lone surrogates. */
export function labelText(name: string, value: string): string {
  return JSON.stringify([name, value]);
}

/** The rows of one page, with the cursor of the next where there is one. */
export interface ListedRows {
  /** Rows with the columns job_id and view. */
  readonly rows: readonly Row[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

/**
 * Reads one page.
 *
 * Each phase is a query of its own along an index, and SQLite merges them, so that a page costs what it
 * holds and not what the journal holds. With labels the index of the rarest leads.
 *
 * @param clusterKey The key of the cluster asked for, if the request names one.
 * @param indexed What else they are found by. Default: nothing.
 * @throws {CursorInvalidError} if the cursor is not one that a listing gave out.
 */
export function listRows(
  connection: DatabaseSync,
  request: JobListRequest,
  clusterKey: number | undefined,
  indexed?: Indexed,
): ListedRows {
  const labels = rarestFirst(connection, requestedLabels(request, indexed));
  const { sql, values } = pageQuery(request, clusterKey, labels);
  const found = connection.prepare(sql).all(...values);
  const rows = found.slice(0, request.limit);
  const last = rows.at(-1);
  return found.length > rows.length && last !== undefined
    ? { rows, nextCursor: `${last.accepted_at}_${last.key}` }
    : { rows };
}

/** The labels that the jobs of a request have, as they are kept. @param indexed See {@linkcode listRows}. */
export function requestedLabels(
  { labels, session }: Pick<JobListRequest, "labels" | "session">,
  indexed?: Indexed,
): readonly string[] {
  return [
    ...Object.entries(labels ?? {}).map(([name, value]) => labelText(name, value)),
    ...session === undefined ? [] : [indexText({ kind: "step", session })],
    ...indexed === undefined ? [] : [indexText(indexed)],
  ];
}

/** A query with its values. */
export interface Query {
  /** The statement. */
  readonly sql: string;
  /** What stands for each `?`. */
  readonly values: readonly SQLInputValue[];
}

/**
 * The query of one page and of the row after it.
 *
 * @param labels The labels asked for as they are kept; the first leads.
 * @throws {CursorInvalidError} if the cursor is not one that a listing gave out.
 */
export function pageQuery(
  request: JobListRequest,
  clusterKey: number | undefined,
  labels: readonly string[],
): Query {
  const place = request.cursor === undefined ? undefined : readCursor(request.cursor);
  const phases = request.phases === undefined ? [undefined] : [...new Set(request.phases)];
  const branches = phases.map((phase) => branch({ request, clusterKey, labels, phase, place }));
  const sql = `SELECT page.key, page.accepted_at, jobs.id AS job_id, jobs.view
    FROM (${branches.map(({ sql }) => sql).join(" UNION ALL ")}
      ORDER BY accepted_at DESC, key DESC LIMIT ?) AS page
    CROSS JOIN jobs ON jobs.key = page.key
    ORDER BY page.accepted_at DESC, page.key DESC`;
  const values = branches.flatMap((one) => one.values);
  return { sql, values: [...values, request.limit + 1] };
}

/** The query of the keys of the jobs in one phase, or in any. */
function branch({ request, clusterKey, labels, phase, place }: {
  readonly request: JobListRequest;
  readonly clusterKey: number | undefined;
  readonly labels: readonly string[];
  readonly phase: JobPhase | undefined;
  readonly place: Place | undefined;
}): Query {
  const [leading, ...others] = labels;
  const key = leading === undefined ? "job.key" : "job.job";
  const conditions: (readonly [sql: string, ...values: SQLInputValue[]])[] = [];
  if (leading !== undefined) conditions.push(["label = ?", leading]);
  if (phase !== undefined) conditions.push(["phase = ?", phase]);
  if (clusterKey !== undefined) conditions.push(["cluster = ?", clusterKey]);
  const { acceptedFrom, acceptedBefore } = request;
  if (acceptedFrom !== undefined) conditions.push(["accepted_at >= ?", acceptedFrom]);
  if (acceptedBefore !== undefined) conditions.push(["accepted_at < ?", acceptedBefore]);
  if (place !== undefined) {
    conditions.push([`(accepted_at, ${key}) < (?, ?)`, place.acceptedAt, place.key]);
  }
  for (const label of others) {
    conditions.push([
      `EXISTS (SELECT 1 FROM job_labels AS other WHERE other.label = ?
        AND other.accepted_at = job.accepted_at AND other.job = job.job)`,
      label,
    ]);
  }
  const from = `SELECT ${key} AS key, accepted_at FROM ${
    leading === undefined ? "jobs" : "job_labels"
  } AS job`;
  return {
    sql: conditions.length === 0
      ? from
      : `${from} WHERE ${conditions.map(([sql]) => sql).join(" AND ")}`,
    values: conditions.flatMap(([, ...values]) => values),
  };
}

/** How far labels are counted to find the rarest. */
const countedRows = 10_000;

function rarestFirst(connection: DatabaseSync, labels: readonly string[]): readonly string[] {
  if (labels.length < 2) return labels;
  const count = connection.prepare(
    `SELECT count(*) AS jobs FROM (SELECT 1 FROM job_labels WHERE label = ? LIMIT ${countedRows})`,
  );
  return labels.map((label) => ({ label, jobs: Number(count.get(label)?.jobs) }))
    .sort((one, other) => one.jobs - other.jobs)
    .map(({ label }) => label);
}

function readCursor(cursor: string): Place {
  const parts = /^(-?\d+(?:\.\d+)?(?:e\+\d+)?)_(\d{1,15})$/.exec(cursor);
  const [, acceptedAt, key] = parts ?? [];
  if (acceptedAt === undefined || key === undefined) throw new CursorInvalidError();
  return { acceptedAt: Number(acceptedAt), key: Number(key) };
}
