/**
 * Lists jobs by index, newest first.
 *
 * @module
 */

import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { JobListRequest } from "../model/mod.ts";
import { CursorInvalidError } from "./errors.ts";
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
 * holds and not what the journal holds. With labels the first one's index leads; it holds cluster and
 * phase too.
 *
 * @param clusterKey The key of the cluster asked for, if the request names one.
 * @throws {CursorInvalidError} if the cursor is not one that a listing gave out.
 */
export function listRows(
  connection: DatabaseSync,
  request: JobListRequest,
  clusterKey: number | undefined,
): ListedRows {
  const place = request.cursor === undefined ? undefined : readCursor(request.cursor);
  const query = new Query();
  const [leading, ...others] = Object.entries(request.labels ?? {})
    .map(([name, value]) => labelText(name, value));
  const branches = leading === undefined
    ? (request.phases === undefined ? [undefined] : [...new Set(request.phases)]).map((phase) => {
      query.begin("SELECT key, accepted_at FROM jobs AS job");
      if (phase !== undefined) query.where("phase = ?", phase);
      return query.range(request, clusterKey, place, "key");
    })
    : [query.labelled(leading, others, request, clusterKey, place)];
  const sql = `SELECT page.key, page.accepted_at, jobs.id AS job_id, jobs.view
    FROM (${branches.join(" UNION ALL ")} ORDER BY accepted_at DESC, key DESC LIMIT ?) AS page
    CROSS JOIN jobs ON jobs.key = page.key
    ORDER BY page.accepted_at DESC, page.key DESC`;
  const found = connection.prepare(sql).all(...query.values, request.limit + 1);
  const rows = found.slice(0, request.limit);
  const last = rows.at(-1);
  return found.length > rows.length && last !== undefined
    ? { rows, nextCursor: `${last.accepted_at}_${last.key}` }
    : { rows };
}

class Query {
  readonly values: SQLInputValue[] = [];
  #head = "";
  #conditions: string[] = [];

  begin(head: string): void {
    this.#head = head;
    this.#conditions = [];
  }

  where(condition: string, ...values: readonly SQLInputValue[]): void {
    this.#conditions.push(condition);
    this.values.push(...values);
  }

  labelled(
    leading: string,
    others: readonly string[],
    request: JobListRequest,
    clusterKey: number | undefined,
    place: Place | undefined,
  ): string {
    this.begin("SELECT job AS key, accepted_at FROM job_labels AS job");
    this.where("label = ?", leading);
    for (const label of others) {
      this.where(
        `EXISTS (SELECT 1 FROM job_labels AS other WHERE other.label = ?
          AND other.accepted_at = job.accepted_at AND other.job = job.job)`,
        label,
      );
    }
    if (request.phases !== undefined) {
      this.where(`phase IN (${request.phases.map(() => "?").join(", ")})`, ...request.phases);
    }
    return this.range(request, clusterKey, place, "job");
  }

  range(
    request: JobListRequest,
    clusterKey: number | undefined,
    place: Place | undefined,
    key: "key" | "job",
  ): string {
    if (clusterKey !== undefined) this.where("cluster = ?", clusterKey);
    if (request.acceptedFrom !== undefined) this.where("accepted_at >= ?", request.acceptedFrom);
    if (request.acceptedBefore !== undefined) this.where("accepted_at < ?", request.acceptedBefore);
    if (place !== undefined) {
      this.where(`(accepted_at, job.${key}) < (?, ?)`, place.acceptedAt, place.key);
    }
    return this.#conditions.length === 0
      ? this.#head
      : `${this.#head} WHERE ${this.#conditions.join(" AND ")}`;
  }
}

function readCursor(cursor: string): Place {
  const parts = /^(-?\d+(?:\.\d+)?(?:e\+\d+)?)_(\d{1,15})$/.exec(cursor);
  const [, acceptedAt, key] = parts ?? [];
  if (acceptedAt === undefined || key === undefined) throw new CursorInvalidError();
  return { acceptedAt: Number(acceptedAt), key: Number(key) };
}
