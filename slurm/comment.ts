/**
 * The mark by which Sluice finds its own jobs among a user's.
 *
 * @module
 */

import type { AttemptId } from "../model/mod.ts";
import { attemptIdSchema } from "../model/mod.ts";

const prefix = "sluice:";

/** The comment that the submission of an attempt carries, so that it can be found again. */
export function sluiceComment(id: AttemptId): string {
  return prefix + id;
}

/**
 * The attempt at a job in its comment.
 *
 * @returns `undefined` for a job that is not Sluice's.
 */
export function parseComment(comment: string): AttemptId | undefined {
  if (!comment.startsWith(prefix)) return undefined;
  const id = attemptIdSchema.safeParse(comment.slice(prefix.length));
  return id.success ? id.data : undefined;
}
