/**
 * The launcher for Ray.
 *
 * @module
 */

import { PayloadNotLaunchableError } from "./errors.ts";
import type { ExecutionPlan, Launcher, Work } from "./plan.ts";

/** Starts Ray across the nodes of the job, then the payload. */
export const rayLauncher: Launcher = {
  plan({ payload }: Work): ExecutionPlan {
    throw new PayloadNotLaunchableError(payload.kind, "ray");
  },
};
