/**
 * Where the files that a job takes in and brings out lie on the cluster. Pure.
 *
 * @module
 */

import { SluiceError } from "../model/mod.ts";
import type { Component, Input, Inputs, Output, Outputs } from "../model/mod.ts";
import { quotePart } from "../shell/mod.ts";

/** What stands in a path for the task of an array: its number, or `.` and its number, or nothing where it is none. */
export type TaskPart = { readonly task: "number" | "suffix" };

/** A place on the cluster, as far as it is known before the job is there. */
export interface FilePlace {
  /** From where the path goes on: nowhere, since it is absolute, or the home or the job's directory. */
  readonly from: "root" | "home" | "job";
  /** The path in pieces, to be put together without anything between them; empty for the directory itself. */
  readonly path: readonly (string | TaskPart)[];
}

/** What a job's or component's files lie by, beside what is said of them. */
export interface PlaceTerms {
  /** See the spec. Default: the job's directory. */
  readonly workingDirectory?: Component["workingDirectory"];
  /** Number of the component of a heterogeneous job, which has files of its own. Default: it is none. */
  readonly component?: number | undefined;
}

/** Raised for two files of a job that would lie in the same place. */
export class SamePlaceError extends SluiceError {
  override readonly name: string = "SamePlaceError";

  /** Names both, and whether they are inputs or outputs. */
  constructor(kind: "inputs" | "outputs", one: string, other: string) {
    super({
      code: "SAME_PLACE",
      message: `The ${kind} ${JSON.stringify(one)} and ${
        JSON.stringify(other)
      } would lie in the same place on the cluster.`,
      next: `Say in \`${kind === "inputs" ? "to" : "location"}\` of one of them where it goes.`,
    });
  }
}

/** Name of the directory in the job's directory that inputs go to of which nothing else is said. */
const INPUTS_DIRECTORY = "inputs";

/** The same of outputs. */
export const OUTPUTS_DIRECTORY = "outputs";

/** A name as the name of one file, however it is spelt. */
export function asFileName(name: string): string {
  return /^\.\.?$/.test(name) ? name.replaceAll(".", "%2E") : name.replaceAll("/", "%2F");
}

/** The last part of a path, or else the name. */
function ownName(path: string, name: string): string {
  const last = path.split("/").findLast((part) => part !== "") ?? "";
  return last === "" || last === "." || last === ".." ? asFileName(name) : last;
}

/** A path as a place: absolute, from `~/`, or from the working directory. */
function placeOf(
  path: string,
  { workingDirectory }: PlaceTerms,
): { readonly from: FilePlace["from"]; readonly path: readonly [string] } {
  if (path.startsWith("/")) return { from: "root", path: [path] };
  if (path === "~" || path.startsWith("~/")) return { from: "home", path: [path.slice(2)] };
  if (workingDirectory === undefined) return { from: "job", path: [path] };
  return placeOf(`${workingDirectory}/${path}`, {});
}

/** The path with the number of the task in it where it has `%a`. */
function withTask(path: string, component: number | undefined): FilePlace["path"] {
  if (component !== undefined) return [path.replaceAll("%a", String(component))];
  const [first = "", ...rest] = path.split("%a");
  return [first, ...rest.flatMap((part) => [{ task: "number" } as const, part])];
}

function placeOfInput(name: string, input: Input, terms: PlaceTerms): FilePlace | undefined {
  if (typeof input !== "object" || Array.isArray(input)) return undefined;
  if (input.to !== undefined) return placeOf(input.to, terms);
  const own = "file" in input
    ? ownName(input.file, name)
    : "directory" in input
    ? ownName(input.directory, name)
    : asFileName(name);
  const { component } = terms;
  const directory = INPUTS_DIRECTORY + (component === undefined ? "" : `.${component}`);
  return { from: "job", path: [`${directory}/${own}`] };
}

function placeOfOutput(name: string, { location }: Output, terms: PlaceTerms): FilePlace {
  const { component } = terms;
  if (location !== undefined) {
    const { from, path } = placeOf(location, terms);
    return { from, path: path.flatMap((piece) => withTask(piece, component)) };
  }
  return {
    from: "job",
    path: [
      `${OUTPUTS_DIRECTORY}/${asFileName(name)}`,
      component === undefined ? { task: "suffix" } : `.${component}`,
    ],
  };
}

/** What two places have in common that are the same, however their paths are written. */
function keyOf({ from, path }: FilePlace): string {
  const words = path.map((piece) => typeof piece === "string" ? piece : `\0${piece.task}\0`).join(
    "",
  );
  return `${from}:${words.split("/").filter((part) => part !== "" && part !== ".").join("/")}`;
}

/** Refuses places of which two are the same. */
function distinct(
  kind: "inputs" | "outputs",
  places: ReadonlyMap<string, FilePlace>,
): ReadonlyMap<string, FilePlace> {
  const seen = new Map<string, string>();
  for (const [name, place] of places) {
    const key = keyOf(place);
    const other = seen.get(key);
    if (other !== undefined) throw new SamePlaceError(kind, other, name);
    seen.set(key, name);
  }
  return places;
}

/**
 * Where those inputs lie that are files or directories, by their names; of a glob, the directory that all it
 * matches goes to. Inputs that are values have no place.
 *
 * @throws {SamePlaceError} Two would lie in the same place.
 */
export function inputPlaces(inputs: Inputs, terms: PlaceTerms): ReadonlyMap<string, FilePlace> {
  return distinct(
    "inputs",
    new Map(
      Object.entries(inputs).flatMap(([name, input]) => {
        const place = placeOfInput(name, input, terms);
        return place === undefined ? [] : [[name, place] as const];
      }),
    ),
  );
}

/**
 * Where the outputs lie, by their names.
 *
 * @throws {SamePlaceError} Two would lie in the same place.
 */
export function outputPlaces(outputs: Outputs, terms: PlaceTerms): ReadonlyMap<string, FilePlace> {
  return distinct(
    "outputs",
    new Map(
      Object.entries(outputs).map(([name, output]) => [name, placeOfOutput(name, output, terms)]),
    ),
  );
}

/** A piece of a path as the shell reads it: text, or a variable in braces. */
export type PathPart = { readonly literal: string } | { readonly variable: string };

const TASK_PARTS = {
  number: { variable: "${SLURM_ARRAY_TASK_ID:-0}" },
  suffix: { variable: "${SLURM_ARRAY_TASK_ID:+.$SLURM_ARRAY_TASK_ID}" },
} as const;

/**
 * The place's absolute path in pieces, with the variables that the job's script has and whatever the job starts.
 */
export function placeParts({ from, path }: FilePlace): PathPart[] {
  const below = path.flatMap((piece): PathPart[] => {
    if (typeof piece !== "string") return [TASK_PARTS[piece.task]];
    return piece === "" ? [] : [{ literal: piece }];
  });
  const beneath = (variable: string): PathPart[] => {
    const [first, ...rest] = below;
    if (first === undefined) return [{ variable }];
    return "literal" in first
      ? [{ variable }, { literal: `/${first.literal}` }, ...rest]
      : [{ variable }, { literal: "/" }, ...below];
  };
  switch (from) {
    case "root":
      return below;
    case "home":
      return beneath("${HOME}");
    case "job":
      return beneath("${SLUICE_JOB_DIRECTORY}");
  }
}

/** Text and variables as one word for the shell, or a part of one. */
export function partsWord(parts: readonly PathPart[]): string {
  return parts.map((part) => "literal" in part ? quotePart(part.literal) : `"${part.variable}"`)
    .join("");
}

/** The place's absolute path as a word for the shell, or a part of one. */
export function placeWord(place: FilePlace): string {
  return partsWord(placeParts(place));
}

/**
 * The place's path as it is known on this side; may start with `~/`, as that of the job's directory may.
 *
 * @param jobDirectory The job's directory on the cluster.
 * @param task Number of the array task. Default: it is none.
 */
export function placePath(
  { from, path }: FilePlace,
  jobDirectory: string,
  task?: number,
): string {
  const parts = { number: String(task ?? 0), suffix: task === undefined ? "" : `.${task}` };
  const words = path.map((piece) => typeof piece === "string" ? piece : parts[piece.task]).join("");
  switch (from) {
    case "root":
      return words;
    case "home":
      return words === "" ? "~" : `~/${words}`;
    case "job":
      return words === "" ? jobDirectory : `${jobDirectory}/${words}`;
  }
}
