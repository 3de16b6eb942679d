/**
 * The shell programs by which Sluice deals with the files that jobs take in, on a cluster. Pure.
 *
 * What was sent lies below one directory, each file under the SHA-256 of what it holds, so that the same
 * content is sent once; from there it is copied to where a job wants it, so that a job which changes its input
 * changes that of no other. When a file there was last wanted is told by its time.
 *
 * @module
 */

import type { OutputEntry } from "../model/mod.ts";
import { quote, quotePath } from "../shell/mod.ts";

/** @param absent What is done where the directory is not there. Default: it is made. */
function inStore(store: string, absent = 'mkdir -p -- "$sluice_store"'): string[] {
  return [
    `sluice_store=${quotePath(store)}`,
    `[ -d "$sluice_store" ] || ${absent} || exit 1`,
    'cd -- "$sluice_store" || exit 1',
  ];
}

/**
 * The program that prints which of the files are not there, a name a line. The others count as wanted just now.
 *
 * @param store The directory of all that was sent.
 */
export function missingProgram(store: string, names: readonly string[]): string {
  return [
    ...inStore(store),
    "set --",
    `for sluice_name in ${names.map(quote).join(" ")}; do`,
    '  if [ -f "$sluice_name" ]; then set -- "$@" "$sluice_name"; else printf \'%s\\n\' "$sluice_name"; fi',
    "done",
    '[ "$#" = 0 ] || touch -c -- "$@"',
  ].join("\n");
}

/** What is arriving is written to at least so often, in seconds. */
const ARRIVING_SECONDS = 3_600;

/** The program that removes files which nobody has wanted for so many seconds, and says how many. */
export function expireProgram(store: string, unusedSeconds: number): string {
  return [
    ...inStore(store, "exit 0"),
    "printf '' >.now || exit 1",
    "sluice_now=$(stat -c %Y .now)",
    "sluice_gone=0",
    // The times of many at once: a process for each would take long.
    'find . -type f ! -name .now -exec stat -c "%Y %n" -- {} + | {',
    "  while read -r sluice_at sluice_name; do",
    `    sluice_most=${Math.ceil(unusedSeconds)}`,
    // What a lost connection has left, unless it is just arriving.
    `    case $sluice_name in ./.*) sluice_most=${
      Math.max(Math.ceil(unusedSeconds), ARRIVING_SECONDS)
    } ;; esac`,
    '    [ "$((sluice_now - sluice_at))" -ge "$sluice_most" ] || continue',
    '    rm -f -- "$sluice_name" && sluice_gone=$((sluice_gone + 1))',
    "  done",
    "  printf '%s\\n' \"$sluice_gone\"",
    "}",
  ].join("\n");
}

/** Where one input goes, and from where. */
export type Placement =
  & {
    /** Its path on the cluster; absolute or from `~/`. */
    readonly to: string;
  }
  & (
    /** One of the files that were sent, by its name there. */
    | { readonly kind: "file"; readonly stored: string }
    /**
     * A directory of links to files that were sent, which are copied, and one of links that stay links; both
     * within the directory of drafts.
     */
    | { readonly kind: "tree"; readonly files: string; readonly links?: string }
  );

/** Exit status of {@linkcode placeProgram} where something that was sent is gone. */
export const GONE_EXIT_CODE = 3;

/**
 * The program that makes a job's directory, and an empty one for drafts there is none in.
 *
 * @param drafts The directory of drafts, within the job's.
 */
export function draftsProgram(drafts: string): string {
  return [
    `sluice_drafts=${quotePath(drafts)}`,
    'rm -rf -- "$sluice_drafts"',
    'mkdir -p -- "$sluice_drafts"',
  ].join(" && ");
}

/** Name that a file of the job has while it is being written. */
function partName(jobDirectory: string): string {
  return `.sluice-${jobDirectory.slice(jobDirectory.lastIndexOf("/") + 1)}.part`;
}

/** The program that puts inputs in their places; a file comes there whole. */
export function placeProgram(
  store: string,
  jobDirectory: string,
  drafts: string,
  placements: readonly Placement[],
): string {
  return [
    "LC_ALL=C",
    "export LC_ALL",
    "umask 077",
    `sluice_store=${quotePath(store)}`,
    `sluice_drafts=${quotePath(drafts)}`,
    `mkdir -p -- ${quotePath(jobDirectory)} || exit 1`,
    "sluice_put_file() {",
    `  [ -f "$sluice_store/$1" ] || exit ${GONE_EXIT_CODE}`,
    '  mkdir -p -- "${2%/*}/" || exit 1',
    // The same name whenever it is done for the job, so that what a cut has left is written over.
    `  sluice_part=\${2%/*}/${quote(partName(jobDirectory))}`,
    '  rm -f -- "$sluice_part"',
    '  cp --reflink=auto --preserve=mode -- "$sluice_store/$1" "$sluice_part" &&',
    '    mv -fT -- "$sluice_part" "$2" && return',
    '  rm -f -- "$sluice_part"',
    "  exit 1",
    "}",
    "sluice_put_tree() {",
    '  mkdir -p -- "$2" || exit 1',
    '  cp -RL --remove-destination --preserve=mode --reflink=auto -- "$sluice_drafts/$1/." "$2/" && return',
    // What was sent may have been removed just now; every other reason is told by cp's words.
    `  find "$sluice_drafts/$1" -type l ! -exec test -e {} \\; -print | grep -q . && exit ${GONE_EXIT_CODE}`,
    "  exit 1",
    "}",
    "sluice_put_links() {",
    '  cp -a --remove-destination --no-preserve=ownership -- "$sluice_drafts/$1/." "$2/" || exit 1',
    "}",
    ...placements.flatMap((placement) => {
      const to = quotePath(placement.to);
      switch (placement.kind) {
        case "file":
          return [`sluice_put_file ${quote(placement.stored)} ${to}`];
        case "tree":
          return [
            `sluice_put_tree ${quote(placement.files)} ${to}`,
            ...placement.links === undefined
              ? []
              : [`sluice_put_links ${quote(placement.links)} ${to}`],
          ];
      }
    }),
    'chmod -R u+rwX -- "$sluice_drafts" 2>/dev/null',
    'rm -rf -- "$sluice_drafts"',
  ].join("\n");
}

/** The program that tells what a directory holds, for {@linkcode listedEntries}; links are not followed. */
export function listProgram(directory: string): string {
  return [
    "LC_ALL=C",
    "export LC_ALL",
    // For its words: cd does not say why it fails.
    `stat -L --printf= -- ${quotePath(directory)}/. || exit 1`,
    `cd -- ${quotePath(directory)} || exit 1`,
    "exec find . -mindepth 1 -printf '%y\\0%s\\0%m\\0%P\\0%l\\0'",
  ].join("\n");
}

/** What {@linkcode listProgram} told, but for what is neither file nor directory nor link. */
export function listedEntries(told: string): OutputEntry[] {
  const words = told.split("\0");
  const entries: OutputEntry[] = [];
  for (let at = 0; at + 5 <= words.length; at += 5) {
    const [kind, size = "", mode = "", path = "", target = ""] = words.slice(at, at + 5);
    if (kind === "f") {
      entries.push({ kind: "file", path, size: Number(size), mode: Number.parseInt(mode, 8) });
    } else if (kind === "d") entries.push({ kind: "directory", path });
    else if (kind === "l") entries.push({ kind: "symlink", path, target });
  }
  return entries;
}
