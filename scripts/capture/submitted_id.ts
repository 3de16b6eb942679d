/**
 * The id of a job that a capture submits.
 *
 * @module
 */

import { schedulerIdSchema } from "../../model/mod.ts";
import type { SchedulerId } from "../../model/mod.ts";

/** The id in the answer of `sbatch --parsable`. @throws {Error} if there is none. */
export function submittedId(answer: string): SchedulerId {
  const id = /^(\d+)(?:;.*)?$/.exec(answer.trim())?.[1];
  if (id === undefined) throw new Error(`sbatch has answered ${JSON.stringify(answer)}`);
  return schedulerIdSchema.parse(id);
}
