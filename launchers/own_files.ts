/**
 * What is Sluice's own in a job's directory, so that no input or output of the job goes there. Pure.
 *
 * @module
 */

import { componentsOf, SluiceError } from "../model/mod.ts";
import type { JobSpec } from "../model/mod.ts";
import { inputPlaces, outputPlaces } from "./file_places.ts";
import type { FilePlace } from "./file_places.ts";

/** What Sluice makes in the directory of a job, an attempt or a session. */
const OWN_NAMES = [
  /agent\.sh/,
  /attempt-\d+/,
  /begun/,
  /bin/,
  /cancelled/,
  /close/,
  /cluster/,
  /cluster_secret/,
  /component-\d+/,
  /\.?(?:exit|manifest|messages|result|stdout|stderr)/,
  /function[._].*/,
  /helpers/,
  /inbox/,
  /\.inputs/,
  /job\.sh/,
  /listening/,
  /lock.*/,
  /nested_srun\.sh/,
  /payload/,
  /peers_step/,
  /peers\.sh/,
  /pipes-context\.json/,
  /ray_.*/,
  /sbatch\..*/,
  /slurm_id/,
  /spark.*/,
  /start_step\.sh/,
  /step/,
  /step_.*/,
  /step\.sh/,
  /sweep\.sh/,
];

/** The same, and of a task with `.N` behind it. */
const OWN = new RegExp(`^(?:${OWN_NAMES.map(({ source }) => source).join("|")})(?:\\.\\d+)?$`);

/** Raised for an input or output whose place in the job's directory is taken. */
export class FilePlaceError extends SluiceError {
  override readonly name: string = "FilePlaceError";

  /** Names the input or output, and the place. */
  constructor(kind: "input" | "output", name: string, place: string) {
    super({
      code: "FILE_PLACE_TAKEN",
      message: `The ${kind} ${JSON.stringify(name)} cannot lie at ${
        JSON.stringify(place)
      } in the job's directory, which is Sluice's own.`,
      next: `Name another place in \`${
        kind === "input" ? "to" : "location"
      }\`, such as one in a directory of its own.`,
    });
  }
}

/** The first part of a path from the job's directory; `undefined` where it goes from elsewhere. */
function firstPart({ from, path }: FilePlace): string | undefined {
  if (from !== "job") return undefined;
  const text = path.map((piece) => typeof piece === "string" ? piece : ".0").join("");
  return text.split("/").find((part) => part !== "" && part !== ".");
}

/**
 * Checks that every input and output of a job has a place of its own, as far as that can be told before anything
 * is sent.
 *
 * @throws {FilePlaceError} One would lie where Sluice's own files do.
 * @throws {SamePlaceError} Two would lie in the same place.
 */
export function checkFilePlaces(spec: JobSpec): void {
  componentsOf(spec).forEach((work, number) => {
    const { workingDirectory } = work;
    const component = spec.components === undefined ? undefined : number;
    const terms = { workingDirectory, component };
    const places = [
      ...[...inputPlaces(work.inputs, terms)].map((place) => ["input", ...place] as const),
      ...[...outputPlaces(work.outputs, terms)].map((place) => ["output", ...place] as const),
    ];
    for (const [kind, name, place] of places) {
      const first = firstPart(place);
      // Nothing but the directory itself.
      const whole = place.from === "job" && first === undefined;
      if (whole && kind === "input" || first !== undefined && OWN.test(first)) {
        throw new FilePlaceError(kind, name, first ?? ".");
      }
    }
  });
}
