/**
 * A loop of the shell over attempts and their directories. Pure.
 *
 * @module
 */

import type { AttemptId } from "../model/mod.ts";
import { quote, quotePath } from "../shell/mod.ts";

/**
 * The head of a loop, up to its `do`, that has each attempt's id in `$sluice_attempt` and its directory in
 * `$sluice_place`. The shell itself finds the directory, so that an id is sent once and not twice.
 *
 * @param jobsDirectory The directory that holds the jobs' directories; may start with `~/`.
 */
export function forAttempts(jobsDirectory: string, attempts: readonly AttemptId[]): string {
  return [
    `for sluice_attempt in ${attempts.map(quote).join(" ")}; do`,
    `sluice_place=${quotePath(jobsDirectory)}/\${sluice_attempt%%.*}`,
    "case $sluice_attempt in *.*) sluice_place=$sluice_place/attempt-${sluice_attempt#*.} ;; esac",
  ].join("\n");
}
