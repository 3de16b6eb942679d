/**
 * The smallest job there is.
 *
 * @module
 */

import type { JobSpecInput } from "../../model/mod.ts";

/** A job that prints the name of its node. */
export const hostnameJob: JobSpecInput = {
  cluster: "dev",
  payload: { kind: "command", command: ["hostname"] },
};
