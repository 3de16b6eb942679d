/**
 * The rules of the architecture: each looks at source files and gives a line for every break of it.
 *
 * @module
 */

import type { Import, SourceFile } from "./source.ts";
import { withoutComments } from "./source.ts";

const KERNEL = "actors/kernel";

/** Folders from the bottom to the top: each may import from those below it. */
const LAYERS: readonly (readonly string[])[] = [
  [KERNEL, "model"],
  ["shell", "functions"],
  ["slurm", "launchers", "hosts", "store", "config"],
  ["schedulers", "environments", "transfers"],
  ["actors"],
  ["rpc"],
  ["cli", "web", "examples"],
];

/** Imports within a layer that are meant: a plan is written in the words of `sbatch`. */
const WITHIN_LAYER: ReadonlySet<string> = new Set(["launchers -> slurm"]);

/** Folders whose files may import from everywhere, since nothing is built on them. */
const ABOVE_ALL: ReadonlySet<string> = new Set(["tests", "scripts"]);

/** The folder of the architecture that a file lies in; the root is `""`. */
export function folderOf(path: string): string {
  if (path.startsWith(`${KERNEL}/`)) return KERNEL;
  const end = path.indexOf("/");
  return end === -1 ? "" : path.slice(0, end);
}

function isTestCode(path: string): boolean {
  return /_test\.ts$|(^|\/)testing\//.test(path);
}

/** Whether code of this repository is imported, rather than a package or a data file. */
function isOwn({ specifier }: Import): boolean {
  return specifier.startsWith(".") && specifier.endsWith(".ts");
}

function layerOf(folder: string): number {
  return LAYERS.findIndex((layer) => layer.includes(folder));
}

/** Folders import only from folders below them, and the kernel from none. */
export function checkLayers(files: readonly SourceFile[]): string[] {
  const broken: string[] = [];
  for (const file of files) {
    const from = folderOf(file.path);
    if (from === "" || ABOVE_ALL.has(from) || isTestCode(file.path)) continue;
    if (layerOf(from) === -1) broken.push(`${file.path}: the folder ${from} is in no layer`);
    for (const each of file.imports.filter(isOwn)) {
      const to = folderOf(each.target);
      if (to === from || WITHIN_LAYER.has(`${from} -> ${to}`)) continue;
      const topMayUseTheDoor = to === "" && layerOf(from) === LAYERS.length - 1;
      const isBelow = layerOf(to) !== -1 && layerOf(to) < layerOf(from);
      if (from === KERNEL || !(topMayUseTheDoor || isBelow)) {
        broken.push(
          `${file.path} imports ${each.target}: ${from} may not import from ${to || "/"}`,
        );
      }
    }
  }
  return broken;
}

/** Another folder is entered through its `mod.ts`; for test code, also through its `testing/`. */
export function checkDoors(files: readonly SourceFile[]): string[] {
  const broken: string[] = [];
  for (const { path, imports } of files) {
    for (const { target } of imports.filter(isOwn)) {
      const to = folderOf(target);
      const inside = to === folderOf(path) && to !== "scripts" && to !== "tests";
      if (inside || to === "tests" || target.endsWith("mod.ts")) continue;
      if (to === "scripts" && folderOf(path) === "scripts" && sameTool(path, target)) continue;
      if (
        target.startsWith(`${to}/testing/`) && (isTestCode(path) || ABOVE_ALL.has(folderOf(path)))
      ) {
        continue;
      }
      broken.push(`${path} imports ${target}, past the door ${to}/mod.ts`);
    }
  }
  return broken;
}

/** Whether both files belong to the same tool of `scripts/`, such as `scripts/testbed/`. */
function sameTool(path: string, target: string): boolean {
  const tool = (name: string) => name.split("/").slice(0, 2).join("/");
  return tool(path) === tool(target);
}

/** What ships to users never loads code that is there for tests. */
export function checkTestCodeStaysOut(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => !isTestCode(path) && !ABOVE_ALL.has(folderOf(path)))
    .flatMap(({ path, imports }) =>
      imports.filter(({ target }) => isTestCode(target) || /^(tests|scripts)\//.test(target))
        .map(({ target }) => `${path} imports ${target}, which is there for tests`)
    );
}

/** Packages are named in the import map only; of `@std/yaml` only what `jsr:@std/yaml` has as well. */
export function checkPackages(
  files: readonly SourceFile[],
  importMap: ReadonlySet<string>,
  self: string,
): string[] {
  const broken: string[] = [];
  for (const { path, imports } of files) {
    for (const { specifier, names } of imports) {
      if (/^(\.|node:)/.test(specifier)) continue;
      if (specifier === self || specifier.startsWith(`${self}/`)) continue;
      if (!importMap.has(specifier)) broken.push(`${path}: ${specifier} is not in the import map`);
      if (
        specifier === "@std/yaml" &&
        (names.length === 0 || names.some((name) => name !== "parse" && name !== "stringify"))
      ) {
        broken.push(`${path}: only parse and stringify of @std/yaml, by name`);
      }
    }
  }
  return broken;
}

/** Files that `entry` loads when it runs, itself among them. */
export function loadedBy(entry: string, files: readonly SourceFile[]): SourceFile[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const loaded = new Map<string, SourceFile>();
  const queue = [entry];
  for (const path of queue) {
    const file = byPath.get(path);
    if (file === undefined || loaded.has(path)) continue;
    loaded.set(path, file);
    queue.push(...file.imports.filter(({ typeOnly }) => !typeOnly).map(({ target }) => target));
  }
  return [...loaded.values()];
}

/** The shipped client runs in Node and browsers: nothing of the server, of Deno or of Node. */
export function checkClient(entry: string, files: readonly SourceFile[]): string[] {
  const loaded = loadedBy(entry, files);
  if (loaded.length === 0) return [`${entry} does not exist`];
  const broken: string[] = [];
  for (const { path, text, imports } of loaded) {
    const folder = folderOf(path);
    if (!["rpc", "functions", "model"].includes(folder)) broken.push(`${entry} loads ${path}`);
    if (/\bDeno\./.test(withoutComments(text))) broken.push(`${path} uses Deno`);
    for (const { specifier, typeOnly } of imports) {
      if (!typeOnly && specifier.startsWith("node:")) broken.push(`${path} loads ${specifier}`);
    }
  }
  return broken;
}

/**
 * Comments that silence the linter or the type checker. `@ts-types` is none: it says where the types of
 * a package are. Put together from parts so as not to be found here.
 */
const SILENCERS = ["deno-lint-", "@ts-"].flatMap((start) =>
  ["ignore", "nocheck", "expect-error"].map((end) => `${start}${end}`)
);

/**
 * Nothing silences the linter or the type checker. In a test, to expect a type error is an assertion: it
 * fails where there is none.
 */
export function checkNothingSilenced(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    SILENCERS.filter((word) => text.includes(word))
      .filter((word) => !(word.endsWith("expect-error") && path.endsWith("_test.ts")))
      .map((word) => `${path} has ${word}`)
  );
}
