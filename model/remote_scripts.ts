/**
 * Scripts that lie on a cluster, and what is read of them before a job is submitted. Pure.
 *
 * @module
 */

import { z } from "zod";
import type { JobSpec } from "./job_spec.ts";
import type { Payload } from "./payload.ts";

/** A script on the cluster as it was when its job was about to be submitted. */
export const readScriptSchema = z.object({
  component: z.int().nonnegative().describe(
    "The component whose payload it is; 0 of any other job.",
  ),
  directives: z.array(z.string()).describe("Its `#SBATCH` lines, as far as they count."),
}).describe("A script on the cluster as it was when its job was about to be submitted.");
/** See {@linkcode readScriptSchema}. */
export type ReadScript = z.infer<typeof readScriptSchema>;

type Works = Pick<JobSpec, "payload" | "components">;

/** The scripts on the cluster that a job runs, by its components. */
export function remoteScripts(
  { payload, components = [] }: Works,
): readonly { readonly component: number; readonly path: string }[] {
  return [payload, ...components.map((component) => component.payload)].flatMap(
    (payload, component) =>
      payload.kind === "remote_script" ? [{ component, path: payload.path }] : [],
  );
}

/** The same job with what was read of the scripts on the cluster that it runs. */
export function withScripts(spec: JobSpec, scripts: readonly ReadScript[]): JobSpec {
  if (scripts.length === 0) return spec;
  const read = (payload: Payload, component: number): Payload => {
    const found = scripts.find((script) => script.component === component);
    return payload.kind !== "remote_script" || found === undefined
      ? payload
      : { ...payload, directives: found.directives };
  };
  const payload = read(spec.payload, 0);
  const components = spec.components?.map((component, index) => ({
    ...component,
    payload: read(component.payload, index + 1),
  }));
  return components === undefined ? { ...spec, payload } : { ...spec, payload, components };
}
