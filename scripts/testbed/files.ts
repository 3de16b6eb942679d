/**
 * Writes the test cluster's files with their owners and modes.
 *
 * @module
 */

import { run, runScript } from "./command.ts";

/** Who owns a file, and who may read it. */
export interface FileAccess {
  /** Octal mode, as `chmod` takes it. */
  readonly mode: string;
  /** Default: `root`. */
  readonly owner?: string;
}

/** Makes a directory and gives it its owner and mode, also if it exists. */
export async function makeDirectory(path: string, access: FileAccess): Promise<void> {
  const owner = access.owner ?? "root";
  await runScript(
    `make ${path}`,
    'install -d -o "$2" -g "$(id -gn "$2")" -m "$3" "$1"',
    [path, owner, access.mode],
  );
}

/** Writes a file that is never seen half-written; says whether its content is new. */
export async function writeFile(
  path: string,
  content: string | Uint8Array<ArrayBuffer>,
  access: FileAccess,
): Promise<boolean> {
  const said = await runScript(
    `write ${path}`,
    `install -o "$2" -g "$(id -gn "$2")" -m "$3" /dev/stdin "$1.new"
    if cmp -s "$1.new" "$1"; then rm "$1.new"; chown "$2:$(id -gn "$2")" "$1"; chmod "$3" "$1"
    else mv -f "$1.new" "$1"; echo new; fi`,
    [path, access.owner ?? "root", access.mode],
    { stdin: content },
  );
  return said.trim() === "new";
}

/** The text of a file, or `undefined` where there is none. */
export async function readFileIfAny(path: string): Promise<string | undefined> {
  const text = await run("sh", ["-c", '[ -e "$0" ] || exit 0; echo; cat "$0"', path]);
  return text === "" ? undefined : text.slice(1);
}
