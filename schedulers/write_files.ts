/**
 * Writing a plan's files on the cluster. Pure.
 *
 * @module
 */

import type { PlanFile } from "../launchers/mod.ts";
import { quote } from "../shell/mod.ts";

/** The shell commands that write the files into the working directory, all joined by `&&`, whatever noclobber says. */
export function writeFiles(files: readonly PlanFile[]): string {
  return files.flatMap(({ name, text, executable }) => [
    `printf %s ${quote(text)} >|${quote(name)}`,
    ...(executable ? [`chmod 700 ${quote(name)}`] : []),
  ]).join(" && ");
}
