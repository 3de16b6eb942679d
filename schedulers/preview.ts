/**
 * What people are shown of a job before it is sent. Pure.
 *
 * @module
 */

import { componentDirectory, JOB_SCRIPT_FILE, PAYLOAD_FILE } from "../launchers/mod.ts";
import type { PlanFile } from "../launchers/mod.ts";
import type { JobPreview } from "../model/mod.ts";

/**
 * The preview of a job.
 *
 * @param directory Where its files lie on the cluster.
 * @param commandLine The command that hands it over, as a shell would read it.
 * @param components Numbers of its components. Default: it has none.
 */
export function previewOf(
  directory: string,
  files: readonly PlanFile[],
  commandLine: string,
  components?: readonly number[],
): JobPreview {
  const text = (file: string) => files.find(({ name }) => name === file)?.text;
  const within = (place: string) => ({
    script: text(`${place}${JOB_SCRIPT_FILE}`) ?? "",
    payload: text(`${place}${PAYLOAD_FILE}`),
  });
  return {
    commandLine,
    ...within(""),
    directory,
    ...(components === undefined
      ? {}
      : { components: components.map((number) => within(`${componentDirectory(number)}/`)) }),
  };
}
