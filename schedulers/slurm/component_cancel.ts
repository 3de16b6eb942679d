/**
 * The shell programs that end one component of a heterogeneous job. Pure.
 *
 * Slurm does so for some components, in some states and some configurations only: one that waits it refuses to
 * cancel, with component 0 it ends all, and a signal to one reaches all. A component's payload runs in a step of its
 * own, though, which can be signalled for itself. One that has not begun is given up: then it never begins.
 *
 * @module
 */

import { BEGIN_LINK, componentDirectory, GIVEN_UP, STEP_LINK } from "../../launchers/mod.ts";
import type { SignalName } from "../../model/mod.ts";
import { quotePath } from "../../shell/mod.ts";
import type { Cancellation, CancelMeans } from "../scheduler.ts";
import { slurmLine } from "./command_lines.ts";

/** Name of the file in the attempt's directory, with `.N` behind it, that says that component N is to end. */
export const CANCEL_MARK = "cancelled";

/** Whether only one component of the job is to be ended. */
export function isOfComponent({ task, components }: Cancellation): boolean {
  return components === true && task !== undefined;
}

/** Runs a command of scancel's for the component's step, if it has one. */
function toStep(component: number, ...options: readonly string[]): string {
  const step = `${componentDirectory(component)}/${STEP_LINK}`;
  return `sluice_step=$(readlink ${step}) && ${slurmLine(["scancel", ...options])} "$sluice_step"`;
}

function signalled(component: number, signal: SignalName): string[] {
  return [toStep(component, `--signal=${signal}`)];
}

/** Gives the component up, unless it has begun; ends the program where it never will. */
function giveUpOrGoOn(component: number): string[] {
  const link = `${BEGIN_LINK}.${component}`;
  return [
    `ln -sn ${GIVEN_UP} ${link} 2>/dev/null`,
    `if [ "$(readlink ${link})" = ${GIVEN_UP} ]; then`,
    `  [ -e ${CANCEL_MARK}.${component} ] || date +%s >${CANCEL_MARK}.${component}`,
    "  exit",
    "fi",
  ];
}

/** Asks the step to end, and makes it once that was so many seconds ago. */
function ended(component: number, killWaitSeconds: number): string[] {
  const mark = `${CANCEL_MARK}.${component}`;
  return [
    "sluice_now=$(date +%s)",
    `if { read -r sluice_since <${mark}; } 2>/dev/null; then`,
    `  [ $((sluice_now - sluice_since)) -ge ${killWaitSeconds} ] || exit 0`,
    `  ${toStep(component)}`,
    "else",
    `  printf '%s\\n' "$sluice_now" >|${mark}`,
    `  ${toStep(component, "--signal=TERM")}`,
    "fi",
  ];
}

/**
 * The program that ends or signals one component. One that is to end is asked to; run again after the wait, the
 * program makes it.
 *
 * @param directory The attempt's directory; may start with `~/`.
 * @param killWaitSeconds Time between the request and the end by force.
 */
export function componentCancelProgram(
  directory: string,
  component: number,
  means: CancelMeans,
  killWaitSeconds: number,
): string {
  const lines = (() => {
    switch (means.kind) {
      case "end":
        return [...giveUpOrGoOn(component), ...ended(component, killWaitSeconds)];
      case "end_if_waiting":
        return [...giveUpOrGoOn(component), "exit 0"];
      case "signal":
        return signalled(component, means.signal);
    }
  })();
  // Without its directory there is nothing left of it to end.
  return [`(cd -- ${quotePath(directory)} 2>/dev/null || exit 0`, ...lines, ")"].join("\n");
}
