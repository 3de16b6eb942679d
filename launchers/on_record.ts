/**
 * How an attempt is put on record in its directory, so that one copy of it runs and no other. Pure.
 *
 * @module
 */

/** Name of the symbolic link in the attempt's directory whose target is the scheduler's id of it. */
export const ID_LINK = "slurm_id";

/**
 * Name of the file in the attempt's directory that says in its first line who submits it, and in its second
 * the scheduler's id of it, unless the attempt has begun by then. A line counts once it is whole.
 */
export const LOCK_FILE = "lock";

/**
 * Name of the symbolic link that says that the attempt has begun, with `.N` behind it for task N of an
 * array. Its target is the scheduler's id of the attempt, or {@linkcode GIVEN_UP}.
 */
export const BEGIN_LINK = "begun";

/** Target of {@linkcode BEGIN_LINK} for an attempt that was given up before it began, and never will. */
export const GIVEN_UP = "given-up";

/**
 * Exit status of a copy of an attempt that is not the one on record, or of an attempt that was given up, and
 * so runs nothing: never to be taken for a success.
 */
export const DUPLICATE_EXIT_CODE = 75;

/**
 * Lines of a batch script that put the copy on record as the one that runs, and end it where another one is: it
 * makes the link {@linkcode ID_LINK} to the scheduler's id of it, in one step or not at all, unless whoever
 * submitted it has made it or has noted another id in {@linkcode LOCK_FILE}.
 *
 * @param records The variable of the directory with the records. Default: `sluice_dir`.
 */
export function leaveToOwner(records = "sluice_dir"): string[] {
  return [
    `{ read -r sluice_owner && read -r sluice_owner; } 2>/dev/null <"$${records}/${LOCK_FILE}" ||`,
    "  sluice_owner=$sluice_id",
    'if [ "$sluice_owner" != "$sluice_id" ]; then',
    ...leaveTo("this copy"),
    "fi",
    ...putOnRecord(records, ID_LINK, "sluice_id", "this copy"),
  ];
}

/** Lines that make a link to the value of the variable, and end the script where another target or none can be had. */
export function putOnRecord(
  records: string,
  link: string,
  variable: string,
  who: string,
): string[] {
  return [
    `if ! ln -sn "$${variable}" "$${records}/${link}" 2>/dev/null; then`,
    `  sluice_owner=$(readlink "$${records}/${link}")`,
    `  if [ "$sluice_owner" != "$${variable}" ]; then`,
    ...leaveTo(who).map((line) => `  ${line}`),
    "  fi",
    "fi",
  ];
}

/** Lines that end the script, since another one is on record. */
function leaveTo(who: string): string[] {
  return [
    `  printf 'sluice: %s is on record as %s; ${who} does nothing.\\n' \\`,
    `    "$sluice_attempt" "\${sluice_owner:-nothing that can be read or written}" >&2`,
    `  exit ${DUPLICATE_EXIT_CODE}`,
  ];
}
