/**
 * The shell programs by which Sluice deals with the environments on a cluster. Pure.
 *
 * What lies there, and how jobs deal with it, is told in `launchers/environment.ts`.
 *
 * @module
 */

import { ENVIRONMENT_FILES, ENVIRONMENT_MARK } from "../launchers/mod.ts";
import { quote, quotePath } from "../shell/mod.ts";

const { archive, tree, used, retired, removing } = ENVIRONMENT_FILES;

/** Names of directories with what is on its way out. */
const REMOVED = ".removed";

/** @param absent What is done where the directory is not there. Default: it is made. */
function inEnvironments(directory: string, absent = 'mkdir -p -- "$sluice_all"'): string[] {
  return [
    `sluice_all=${quotePath(directory)}`,
    `[ -d "$sluice_all" ] || ${absent} || exit 1`,
    'cd -- "$sluice_all" || exit 1',
    // Renamed first, so that nobody finds half of it.
    "sluice_remove() {",
    `  sluice_out=$(mktemp -d ${REMOVED}.XXXXXXXX) && mv -- "$1" "$sluice_out"/`,
    "}",
  ];
}

/** What the program of {@linkcode lookProgram} prints. */
export const PRESENT = "present";

/**
 * The program that prints {@linkcode PRESENT} where the environment is there, unpacked or not, and makes its
 * directory where it is not. From then on it counts as used.
 *
 * @param directory That of all environments.
 */
export function lookProgram(directory: string, sha256: string): string {
  return [
    ...inEnvironments(directory),
    `sluice_env=${quote(sha256)} sluice_mark=`,
    "sluice_use() {",
    `  mkdir -p -- "$sluice_env" && printf '' >"$sluice_env/${used}" && rm -f -- "$sluice_env/${retired}"`,
    "}",
    "sluice_use || exit 1",
    `{ read -r sluice_mark <"$sluice_env/${tree}/${ENVIRONMENT_MARK}"; } 2>/dev/null`,
    `if [ -e "$sluice_env/${removing}" ] ||`,
    `  { [ -L "$sluice_env/${tree}" ] && [ "$sluice_mark" != "$sluice_env" ]; }; then`,
    '  sluice_remove "$sluice_env" && sluice_use || exit 1',
    "fi",
    `if [ -L "$sluice_env/${tree}" ] || [ -f "$sluice_env/${archive}" ]; then echo ${PRESENT}; fi`,
  ].join("\n");
}

/**
 * The program that puts an archive in its place which has just arrived, if it is whole.
 *
 * @param part Name of the file in the environment's directory that has arrived.
 */
export function placeProgram(directory: string, sha256: string, part: string): string {
  return [
    ...inEnvironments(directory),
    `cd -- ${quote(sha256)} || exit 1`,
    `sluice_sum=$(sha256sum <${quote(part)}) || exit 1`,
    `if [ "\${sluice_sum%% *}" != ${quote(sha256)} ]; then`,
    `  rm -f -- ${quote(part)}`,
    "  printf 'it arrived with the SHA-256 %s\\n' \"${sluice_sum%% *}\" >&2",
    "  exit 1",
    "fi",
    `mv -f -- ${quote(part)} ${archive}`,
  ].join("\n");
}

/** How long ago a file was written, in seconds, by the clock of the file system. */
const AGE = [
  "printf '' >.now || exit 1",
  "sluice_now=$(stat -c %Y .now)",
  "sluice_age() {",
  '  sluice_at=$(stat -c %Y -- "$1" 2>/dev/null) && sluice_old=$((sluice_now - sluice_at))',
  "}",
];

/**
 * The program that prints the hashes of environments that nobody has used for some time, one a line, and
 * removes what is on its way out.
 */
export function unusedProgram(directory: string, unusedSeconds: number): string {
  return [
    ...inEnvironments(directory, "exit 0"),
    `chmod -R u+rwX ${REMOVED}.* 2>/dev/null`,
    `rm -rf -- ${REMOVED}.*`,
    ...AGE,
    "for sluice_env in *; do",
    `  sluice_age "$sluice_env/${used}" || sluice_age "$sluice_env" || continue`,
    `  if [ "$sluice_old" -ge ${Math.ceil(unusedSeconds)} ]; then printf '%s\\n' "$sluice_env"; fi`,
    "done",
  ].join("\n");
}

/** How environments are collected. */
export interface Collection {
  /** Those that jobs are to use. */
  readonly wanted: readonly string[];
  /** Those that nobody is known to want. */
  readonly unwanted: readonly string[];
  /** So many seconds after its last use one goes. */
  readonly unusedSeconds: number;
  /** So long one has to have been retired before it goes. */
  readonly retiredSeconds: number;
}

/**
 * The program that notes that environments are wanted, and retires or removes others; it prints the hashes of
 * those that it has removed.
 */
export function collectProgram(
  directory: string,
  { wanted, unwanted, unusedSeconds, retiredSeconds }: Collection,
): string {
  return [
    ...inEnvironments(directory, "exit 0"),
    ...AGE,
    "sluice_want() {",
    `  if [ -d "$1" ]; then printf '' >"$1/${used}"; rm -f -- "$1/${retired}"; fi`,
    "}",
    "sluice_collect() {",
    `  if [ ! -e "$1/${removing}" ]; then`,
    `    if ! sluice_age "$1/${retired}"; then printf '' >"$1/${retired}"; return; fi`,
    `    [ "$sluice_old" -ge ${Math.ceil(retiredSeconds)} ] || return`,
    `    sluice_age "$1/${used}" || sluice_age "$1" || return`,
    `    if [ "$sluice_old" -lt ${
      Math.ceil(unusedSeconds)
    } ]; then rm -f -- "$1/${retired}"; return; fi`,
    `    mv -- "$1/${retired}" "$1/${removing}" 2>/dev/null || return`,
    "  fi",
    '  sluice_remove "$1" || return',
    '  chmod -R u+rwX "$sluice_out"',
    '  rm -rf -- "$sluice_out" && printf \'%s\\n\' "$1"',
    "}",
    ...wanted.map((sha256) => `sluice_want ${quote(sha256)}`),
    ...unwanted.map((sha256) => `sluice_collect ${quote(sha256)}`),
  ].join("\n");
}
