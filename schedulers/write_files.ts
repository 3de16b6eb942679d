/**
 * Writing a plan's files on the cluster. Pure.
 *
 * @module
 */

import type { PlanFile } from "../launchers/mod.ts";
import { quote } from "../shell/mod.ts";

/**
 * The shell commands that write the files into the working directory, or into directories within it where their
 * names say so, all joined by `&&`, whatever noclobber says.
 */
export function writeFiles(files: readonly PlanFile[]): string {
  const directories = new Set(files.flatMap(({ name }) => /^(.+)\/[^/]+$/.exec(name)?.[1] ?? []));
  const make = [...directories].map((directory) => `mkdir -p -- ${quote(directory)}`);
  const write = files.flatMap(({ name, text, executable }) => [
    `printf %s ${quote(text)} >|${quote(name)}`,
    ...(executable ? [`chmod 700 ${quote(name)}`] : []),
  ]);
  return [...make, ...write].join(" && ");
}
