/**
 * Making an environment ready that was sent to the cluster: it is unpacked by the first that needs it. Pure.
 *
 * Below Sluice's directory, `environments/SHA256` holds, by the hash of its archive:
 *
 * - `archive`, until it is unpacked;
 * - `tree.N`, where the holder of `lock.N` unpacks it, and `tree`, a link to the one that is whole: a link is
 *   made with its content in one step or not at all, so that nobody sees half an environment. It is unpacked
 *   where it stays, since environments hold their own paths;
 * - `lock.N`, a directory that only one can make. Its holder writes a new number into `beat` all the while. Who
 *   finds the last lock over, or without a new number for {@linkcode LEASE_SECONDS}, makes the next one. A
 *   holder that was only slow does no harm, since it has a tree of its own and the link is there once;
 * - `used`, written by each job as it begins, and by Sluice for those that wait;
 * - `retired`, made by Sluice for an environment that nobody has used for long. A job that begins takes that
 *   back. When it still stands after a while, Sluice renames it to `removing`: of the two only one can, and so no
 *   job begins with what is about to go.
 *
 * @module
 */

import type { Platform, SentSoftware } from "../model/mod.ts";
import { quote } from "../shell/mod.ts";
import {
  ACTIVATION_EXIT_CODE,
  endWith,
  ENVIRONMENT_MISSING_EXIT_CODE,
  NODE_PLATFORM_EXIT_CODE,
  UNPACK_EXIT_CODE,
  UNPACK_WAIT_EXIT_CODE,
} from "./software_errors.ts";

/** Name of the directory of all environments below Sluice's. */
export const ENVIRONMENTS_DIRECTORY = "environments";

/** Names within the directory of one environment; see the module. */
export const ENVIRONMENT_FILES = {
  archive: "archive",
  tree: "tree",
  used: "used",
  retired: "retired",
  removing: "removing",
} as const;

/** Name of the file in the tree that says which archive it was unpacked from. */
export const ENVIRONMENT_MARK = ".sluice-environment";

/** Seconds without a sign of life after which whoever unpacks is taken to be gone. */
const LEASE_SECONDS = 30;

/** Seconds that a job waits for another one to unpack, as long as that is at work. */
const LONGEST_WAIT_SECONDS = 3600;

/** What `uname -sm` prints on a platform. */
export const UNAME: Readonly<Record<Exclude<Platform, "any">, string>> = {
  "linux-x86_64": "Linux x86_64",
  "linux-aarch64": "Linux aarch64",
  "linux-ppc64le": "Linux ppc64le",
};

const { archive, tree, used, retired, removing } = ENVIRONMENT_FILES;

/** The shell commands that unpack the archive `$1` into the new directory `$2`; paths are absolute. */
const UNPACK = [
  "sluice_unpack() {",
  '  mkdir -- "$2" || return',
  `  if [ "$(head -c 2 -- "$1")" = '#!' ]; then`,
  // It unpacks itself where it is started.
  '    (cd -- "$2" && bash "$1" >&2 </dev/null) || return',
  "  else",
  '    tar -x --no-same-owner -C "$2" -f "$1" || return',
  "  fi",
] as const;

function unpackFunction({ sha256, root }: SentSoftware): string[] {
  const top = root === undefined ? '"$2"' : `"$2"/${quote(root)}`;
  return [
    ...UNPACK,
    // conda-pack: what holds the path of where it was made gets its new one.
    `  if [ -f ${top}/bin/conda-unpack ]; then`,
    `    ${top}/bin/python ${top}/bin/conda-unpack >&2 </dev/null || return`,
    "  fi",
    `  printf '%s\\n' ${sha256} >"$2"/${ENVIRONMENT_MARK}`,
    "}",
  ];
}

/** Defines what makes the tree as the holder of the lock of the number `$1`. */
const HOLD = [
  "sluice_hold() {",
  `  sluice_lock=$sluice_env/lock.$1 sluice_tree=$sluice_env/${tree}.$1`,
  `  (sluice_unpack "$sluice_env/${archive}" "$sluice_tree"; printf '%s\\n' "$?" >"$sluice_lock/status") &`,
  "  sluice_beat=0 sluice_old=$1",
  '  until [ -e "$sluice_lock/status" ] || ! kill -s 0 "$!" 2>/dev/null; do',
  "    sluice_beat=$((sluice_beat + 1))",
  `    printf '%s\\n' "$sluice_beat" >"$sluice_lock/beat"`,
  '    if [ "$sluice_beat" -le 10 ]; then sleep 0.1; else sleep 1; fi',
  "  done",
  "  wait",
  "  sluice_status=",
  '  { read -r sluice_status <"$sluice_lock/status"; } 2>/dev/null',
  `  if [ "$sluice_status" = 0 ] && ln -sn "${tree}.$1" "$sluice_env/${tree}" 2>/dev/null; then`,
  `    rm -f -- "$sluice_env/${archive}"`,
  // What others have left that did not come to the end.
  '    while [ "$sluice_old" -gt 1 ]; do',
  "      sluice_old=$((sluice_old - 1))",
  `      rm -rf -- "$sluice_env/${tree}.$sluice_old"`,
  "    done",
  "  fi",
  // Not with ":", whose failed redirection would end the shell.
  "  printf '' >\"$sluice_lock/over\"",
  // Of an attempt that came to nothing, or to what another one has made too.
  `  if [ "$(readlink "$sluice_env/${tree}")" != "${tree}.$1" ]; then rm -rf -- "$sluice_tree"; fi`,
  `  if [ ! -L "$sluice_env/${tree}" ]; then`,
  `    printf 'sluice: %s cannot be unpacked: see the lines above.\\n' "$sluice_env/${archive}" >&2`,
  `    exit ${UNPACK_EXIT_CODE}`,
  "  fi",
  "}",
] as const;

/** Waits until there is a tree, or makes it. */
const AWAIT = [
  "sluice_number=0 sluice_idle=0 sluice_waited=0 sluice_seen=",
  `while [ ! -L "$sluice_env/${tree}" ]; do`,
  '  while [ -d "$sluice_env/lock.$((sluice_number + 1))" ]; do',
  "    sluice_number=$((sluice_number + 1)) sluice_idle=0 sluice_seen=",
  "  done",
  "  sluice_lock=$sluice_env/lock.$sluice_number",
  `  if [ "$sluice_number" = 0 ] || [ -e "$sluice_lock/over" ] || [ "$sluice_idle" -ge ${LEASE_SECONDS} ]; then`,
  `    if mkdir -- "$sluice_env/lock.$((sluice_number + 1))" 2>/dev/null; then`,
  '      sluice_hold "$((sluice_number + 1))"',
  '    elif [ ! -d "$sluice_env/lock.$((sluice_number + 1))" ]; then',
  `      printf 'sluice: %s cannot be written on this node.\\n' "$sluice_env" >&2`,
  `      exit ${UNPACK_EXIT_CODE}`,
  "    fi",
  "    continue",
  "  fi",
  `  if [ "$sluice_waited" -ge ${LONGEST_WAIT_SECONDS} ]; then`,
  `    printf 'sluice: waited for %s seconds for another job to unpack %s; submit the job again later.\\n' \\`,
  '      "$sluice_waited" "$sluice_env" >&2',
  `    exit ${UNPACK_WAIT_EXIT_CODE}`,
  "  fi",
  "  sleep 1",
  "  sluice_waited=$((sluice_waited + 1)) sluice_idle=$((sluice_idle + 1)) sluice_beat=",
  // To open the file makes network file systems ask for what it holds now.
  '  { read -r sluice_beat <"$sluice_lock/beat"; } 2>/dev/null',
  '  if [ "$sluice_beat" != "$sluice_seen" ]; then sluice_idle=0 sluice_seen=$sluice_beat; fi',
  "done",
] as const;

function platformLines({ platform }: SentSoftware): string[] {
  if (platform === undefined || platform === "any") return [];
  return [
    `if [ "$(uname -sm)" != ${quote(UNAME[platform])} ]; then`,
    `  printf 'sluice: the environment is for ${platform}, and this node is %s: name a partition or a constraint with nodes that fit.\\n' "$(uname -sm)" >&2`,
    `  exit ${NODE_PLATFORM_EXIT_CODE}`,
    "fi",
  ];
}

/**
 * The shell commands that unpack an environment where nobody has, and activate it. `$sluice_dir` is the
 * attempt's directory, below which that of all jobs and that of all environments lie side by side.
 */
export function environmentLines(software: SentSoftware): readonly string[] {
  const { sha256, root, activate } = software;
  const place = root === undefined ? "" : `/${quote(root)}`;
  return [
    "set --",
    ...platformLines(software),
    'sluice_env=$(cd -- "$sluice_dir" && pwd)',
    `sluice_env=\${sluice_env%/jobs/*}/${ENVIRONMENTS_DIRECTORY}/${sha256}`,
    // In this order; see the module.
    `{ printf '%s\\n' "\${SLUICE_JOB_ID:-}" >"$sluice_env/${used}"; } 2>/dev/null`,
    `rm -f -- "$sluice_env/${retired}"`,
    `if [ -e "$sluice_env/${removing}" ] || [ ! -d "$sluice_env" ]; then`,
    `  printf 'sluice: the environment %s is not on the cluster any more: submit the job again, so that it is sent.\\n' "$sluice_env" >&2`,
    `  exit ${ENVIRONMENT_MISSING_EXIT_CODE}`,
    "fi",
    ...unpackFunction(software),
    ...HOLD,
    ...AWAIT,
    "sluice_mark=",
    `{ read -r sluice_mark <"$sluice_env/${tree}/${ENVIRONMENT_MARK}"; } 2>/dev/null`,
    `SLUICE_ENVIRONMENT=$sluice_env/${tree}${place}`,
    "export SLUICE_ENVIRONMENT",
    `if [ "$sluice_mark" != ${sha256} ]; then`,
    `  printf 'sluice: files are missing in %s: submit the job again, so that it is sent anew.\\n' "$sluice_env" >&2`,
    `  exit ${ENVIRONMENT_MISSING_EXIT_CODE}`,
    "fi",
    `[ -f "$SLUICE_ENVIRONMENT"/${quote(activate)} ] || ${
      endWith(
        ACTIVATION_EXIT_CODE,
        `the environment has no ${
          JSON.stringify(activate)
        }: say in 'software.activate', and 'software.root', where its activation script lies.`,
      )
    }`,
    `. "$SLUICE_ENVIRONMENT"/${quote(activate)} >&2 || ${
      endWith(ACTIVATION_EXIT_CODE, `${JSON.stringify(activate)} of the environment failed.`)
    }`,
  ];
}
