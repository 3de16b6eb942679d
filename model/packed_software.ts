/**
 * What of a job must be sent before it is submitted, and the job once that lies on the cluster. Pure.
 *
 * @module
 */

import type { JobSpec } from "./job_spec.ts";
import { isPacked } from "./software.ts";
import type { PackedSoftware, SentEnvironment, Software } from "./software.ts";

type Packing = Pick<JobSpec, "software" | "components">;

/** All software that a job brings along, its own before that of its components. */
export function packedSoftware({ software, components = [] }: Packing): readonly PackedSoftware[] {
  return [software, ...components.map((component) => component.software)].filter(isPacked);
}

/**
 * The same job with the environments on the cluster in the place of what was to be sent.
 *
 * @param environments One for each of {@linkcode packedSoftware}, in the same order. What has none stays as it is.
 */
export function withEnvironments<Spec extends Packing>(
  spec: Spec,
  environments: readonly SentEnvironment[],
): Spec {
  const rest = [...environments];
  const sent = (software: Software): Software => {
    if (!isPacked(software)) return software;
    const environment = rest.shift();
    if (environment === undefined) return software;
    const { activate, root } = software;
    const place = root === undefined ? { activate } : { activate, root };
    return { kind: "environment", ...environment, ...place };
  };
  const software = sent(spec.software);
  const components = spec.components?.map((component) => ({
    ...component,
    software: sent(component.software),
  }));
  return components === undefined ? { ...spec, software } : { ...spec, software, components };
}
