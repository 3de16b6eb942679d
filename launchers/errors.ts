/**
 * What cannot be launched.
 *
 * @module
 */

import { SluiceError } from "../model/mod.ts";
import type { Payload } from "../model/mod.ts";

/** Raised for a payload that its launcher cannot start. */
export class PayloadNotLaunchableError extends SluiceError {
  override readonly name: string = "PayloadNotLaunchableError";

  /** Names the kind of payload and the launcher. */
  constructor(payload: Payload["kind"], launcher: string) {
    super({
      code: "PAYLOAD_NOT_LAUNCHABLE",
      message: `The launcher '${launcher}' cannot start a payload of kind '${payload}'.`,
      next: payload === "cluster"
        ? "Name a launcher that makes a cluster: `ray` or `spark`."
        : "Give the job a script or a command, or open a session with `sessions.open`.",
    });
  }
}

/** Raised for a payload that is a cluster where the launcher is to use one that runs already. */
export class ClusterNamedError extends SluiceError {
  override readonly name: string = "ClusterNamedError";

  /** Names the launcher's option with the address of the other cluster. */
  constructor(option: string) {
    super({
      code: "CLUSTER_NAMED",
      message:
        `A payload of kind 'cluster' starts a cluster, but the launcher's '${option}' names one that runs already.`,
      next: `Leave '${option}' out, or give the job a script or a command.`,
    });
  }
}

/** Raised for a launcher that Sluice was not given. */
export class UnknownLauncherError extends SluiceError {
  override readonly name: string = "UnknownLauncherError";

  /** Names the launcher, and those that there are. */
  constructor(name: string, known: readonly string[]) {
    super({
      code: "UNKNOWN_LAUNCHER",
      message: `There is no launcher of the name ${JSON.stringify(name)}.`,
      next: known.length === 0
        ? "Give it to Sluice where that is opened: `Sluice.open({ config, launchers })`."
        : `Sluice was opened with these: ${known.join(", ")}.`,
    });
  }
}

/** Raised for a way of starting a payload that there is not for this kind of payload or launcher. */
export class NotStartedSoError extends SluiceError {
  override readonly name: string = "NotStartedSoError";

  /** Names the part of the spec, and the kind of payload or launcher. */
  constructor(part: "srun" | "wrapper", kind: string) {
    super({
      code: "NOT_STARTED_SO",
      message: `'${part}' has no place where the payload or its launcher is '${kind}'.`,
      next: part === "srun"
        ? "Leave it out, or call srun in a script of your own."
        : "Leave it out, or put the wrapper into a script of your own.",
    });
  }
}
