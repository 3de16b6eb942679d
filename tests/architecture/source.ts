/**
 * The source files of the repository and what they import.
 *
 * @module
 */

import { dirname, join } from "node:path/posix";

/** One import or re-export. */
export interface Import {
  /** Path from the root of the repository, or a bare specifier. */
  readonly target: string;
  /** As it is written. */
  readonly specifier: string;
  /** Whether only types come from there, so that nothing is loaded at run time. */
  readonly typeOnly: boolean;
  /** Names between the braces, without `type`; empty for `*`, side effects and `import()`. */
  readonly names: readonly string[];
}

/** One source file. */
export interface SourceFile {
  /** Path from the root of the repository. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

/** `deno fmt` starts every static import at the beginning of a line and quotes it doubly. */
const STATIC = /^(?:import|export)\s+(type\s+)?(?:([^"';]*?)\s+from\s+)?"([^"]+)"/gm;
const DYNAMIC = /\bimport\(\s*"([^"]+)"/g;

function resolve(path: string, specifier: string): string {
  return specifier.startsWith(".") ? join(dirname(path), specifier) : specifier;
}

function isComment(line: string): boolean {
  return /^\s*(\*|\/\*|\/\/)/.test(line);
}

/** The text without lines that are comments; what stands behind code on its line stays. */
export function withoutComments(text: string): string {
  return text.split("\n").filter((line) => !isComment(line)).join("\n");
}

/** Reads the imports of a file. */
export function parseSource(path: string, text: string): SourceFile {
  const code = withoutComments(text);
  const imports: Import[] = [];
  for (const [, type, clause = "", specifier = ""] of code.matchAll(STATIC)) {
    const braces = /\{([^}]*)\}/.exec(clause)?.[1];
    const entries = (braces ?? "").split(",").map((entry) => entry.trim()).filter(Boolean);
    const allTypes = entries.length > 0 && entries.every((entry) => entry.startsWith("type ")) &&
      clause.trim().startsWith("{");
    imports.push({
      target: resolve(path, specifier),
      specifier,
      typeOnly: type !== undefined || allTypes,
      names: entries.map((entry) => entry.replace(/^type /, "").replace(/ as .*$/, "")),
    });
  }
  for (const [, specifier = ""] of code.matchAll(DYNAMIC)) {
    imports.push({ target: resolve(path, specifier), specifier, typeOnly: false, names: [] });
  }
  return { path, text, imports };
}

const LEFT_OUT = new Set(["node_modules", "testdata", "coverage"]);

/** Every TypeScript file of the repository, test data left out. */
export async function readSources(root: URL): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  async function walk(directory: string): Promise<void> {
    for await (const { name, isDirectory } of Deno.readDir(new URL(directory, root))) {
      const path = `${directory}${name}`;
      if (isDirectory) {
        if (!name.startsWith(".") && !LEFT_OUT.has(name)) await walk(`${path}/`);
      } else if (name.endsWith(".ts")) {
        files.push(parseSource(path, await Deno.readTextFile(new URL(path, root))));
      }
    }
  }
  await walk("./");
  return files.map((file) => parseSource(file.path.slice(2), file.text));
}
