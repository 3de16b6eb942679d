/**
 * The mark by which Sluice finds its own jobs among a user's.
 *
 * @module
 */

import type { JobId } from "../model/mod.ts";
import { jobIdSchema } from "../model/mod.ts";

const prefix = "sluice:";

/** The comment that every submission of the job carries, so that it can be found again. */
export function sluiceComment(id: JobId): string {
  return prefix + id;
}

/**
 * Sluice's id in a job's comment.
 *
 * @returns `undefined` for a job that is not Sluice's.
 */
export function parseComment(comment: string): JobId | undefined {
  if (!comment.startsWith(prefix)) return undefined;
  const id = jobIdSchema.safeParse(comment.slice(prefix.length));
  return id.success ? id.data : undefined;
}
