/**
 * The launcher for Spark.
 *
 * @module
 */

import { PayloadNotLaunchableError } from "./errors.ts";
import type { ExecutionPlan, Launcher, Work } from "./plan.ts";

/** Starts Spark across the nodes of the job, then the payload. */
export const sparkLauncher: Launcher = {
  plan({ payload }: Work): ExecutionPlan {
    throw new PayloadNotLaunchableError(payload.kind, "spark");
  },
};
