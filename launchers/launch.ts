/**
 * From the work of a job to its plan, by the launcher that it names.
 *
 * @module
 */

import { bashLauncher } from "./bash.ts";
import { NotStartedSoError, UnknownLauncherError } from "./errors.ts";
import type { CustomLaunchers, ExecutionPlan, Launcher, LaunchPlace, Work } from "./plan.ts";
import { rayLauncher } from "./ray.ts";
import { sessionPlan } from "./session_script.ts";
import { sparkLauncher } from "./spark.ts";

function launcherOf({ launcher }: Work, custom: CustomLaunchers): Launcher {
  switch (launcher.kind) {
    case "bash":
      return bashLauncher;
    case "ray":
      return rayLauncher;
    case "spark":
      return sparkLauncher;
    case "custom": {
      const own = custom.get(launcher.name);
      if (own === undefined) throw new UnknownLauncherError(launcher.name, [...custom.keys()]);
      return own;
    }
  }
}

/** Refuses what a launcher that starts the payload in its own way would pass over. */
function checkStart({ payload, launcher, srun, wrapper }: Work): void {
  const holdsNodes = payload.kind === "cluster" || payload.kind === "allocation";
  if (srun !== false && (holdsNodes || launcher.kind === "ray" || launcher.kind === "spark")) {
    throw new NotStartedSoError("srun", holdsNodes ? payload.kind : launcher.kind);
  }
  if (wrapper.length > 0 && holdsNodes) throw new NotStartedSoError("wrapper", payload.kind);
}

/**
 * The plan for the work, by the launcher that it names. What holds a session's allocation names none.
 *
 * @param custom Launchers of the user's own. Default: none.
 * @throws {UnknownLauncherError} The work names a launcher that there is not.
 * @throws {SluiceError} The launcher cannot run the work.
 */
export function launch(
  work: Work,
  place: LaunchPlace,
  custom: CustomLaunchers = new Map(),
): ExecutionPlan {
  const { payload, launcher } = work;
  checkStart(work);
  if (payload.kind === "allocation" && launcher.kind === "bash") return sessionPlan(payload);
  return launcherOf(work, custom).plan(work, place);
}
