/**
 * What the `#SBATCH` lines of a script ask for, where the script is not given to sbatch.
 *
 * @module
 */

import { resourcesSchema } from "../model/mod.ts";
import type { JobSpec, Resources } from "../model/mod.ts";
import { resourceOptions } from "./resources.ts";
import { InvalidScriptError } from "./script.ts";

/** What a script asks for itself. */
export interface DirectiveNeeds {
  /** What has a field of its own. */
  readonly resources: Resources;
  /** Everything else by its long name. */
  readonly options: JobSpec["options"];
}

/** The resource that each option stands for. */
const RESOURCES = new Map<string, string>(
  Object.entries(resourceOptions).map(([resource, option]) => [option, resource]),
);

/** Resources that are numbers. */
const COUNTS: ReadonlySet<string> = new Set(["tasks", "tasksPerNode", "cpusPerTask"]);

/**
 * What the options of a script ask for, in the `--name=value` form that directiveWords gives.
 *
 * @throws {InvalidScriptError} `SCRIPT_DIRECTIVE`: a value is not one that the option takes.
 */
export function directiveNeeds(words: readonly string[]): DirectiveNeeds {
  const resources: Record<string, string | number | true> = {};
  const options: Record<string, string | true> = {};
  for (const word of words) {
    const [, name = "", value] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    const resource = RESOURCES.get(name);
    const gpus = name === "gres" ? /^gpu:(.+)$/.exec(value ?? "")?.[1] : undefined;
    if (gpus !== undefined) resources["gpusPerNode"] = gpus;
    else if (resource === undefined) options[name] = value ?? true;
    else resources[resource] = COUNTS.has(resource) ? Number(value) : value ?? true;
  }
  const parsed = resourcesSchema.safeParse(resources);
  if (!parsed.success) {
    throw new InvalidScriptError({
      code: "SCRIPT_DIRECTIVE",
      message: `The script's #SBATCH lines ask for what cannot be had: ${parsed.error.message}`,
      next: "Correct the values of these options.",
      cause: parsed.error,
    });
  }
  return { resources: parsed.data, options };
}
