/**
 * The mark by which Sluice finds its own jobs among a user's.
 *
 * @module
 */

import type { AttemptId } from "../model/mod.ts";
import { attemptIdSchema } from "../model/mod.ts";

const prefix = "sluice:";

/**
 * The comment that the submission of an attempt carries, so that it can be found again.
 *
 * @param component Number of a component of a heterogeneous job. That of component 0, whose id is the job's, is
 * the comment of a job without components: so the attempt is found once.
 */
export function sluiceComment(id: AttemptId, component = 0): string {
  return component === 0 ? prefix + id : `${prefix}${id}+${component}`;
}

/**
 * The attempt at a job in its comment, or in that of one of its components.
 *
 * @returns `undefined` for a job that is not Sluice's.
 */
export function parseComment(comment: string): AttemptId | undefined {
  if (!comment.startsWith(prefix)) return undefined;
  const id = attemptIdSchema.safeParse(comment.slice(prefix.length).replace(/\+\d{1,3}$/, ""));
  return id.success ? id.data : undefined;
}
