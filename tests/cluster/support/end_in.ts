/**
 * Bringing the time limit of a job near.
 *
 * @module
 */

import assert from "node:assert/strict";
import { onCluster } from "../../../scripts/testbed/mod.ts";

/**
 * Has a running job reach its time limit in so many seconds. None can be submitted with less than a minute, and
 * Slurm may send the signal before a limit a minute early, so that a job which waits for one must listen by then.
 *
 * @param slurmId Slurm's id of the job or, with `+N`, of its component N.
 */
export async function endIn(seconds: number, slurmId: string): Promise<void> {
  const { code, stderr } = await onCluster(
    ["scontrol", "update", `jobid=${slurmId}`, `EndTime=now+${seconds}seconds`],
    { root: true },
  );
  assert.equal(code, 0, stderr);
}
