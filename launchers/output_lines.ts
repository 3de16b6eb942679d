/**
 * How a job's script says what became of the job's outputs, and reading what it said. Pure.
 *
 * @module
 */

import { z } from "zod";
import { contentHashSchema } from "../model/mod.ts";
import type { Component, JobOutput, Output, Outputs } from "../model/mod.ts";
import { quote, quotePath } from "../shell/mod.ts";
import { outputPlaces, OUTPUTS_DIRECTORY, placePath, placeWord } from "./file_places.ts";
import type { PlaceTerms } from "./file_places.ts";

/** Exit status of a job whose payload has succeeded without an output that it must make. */
export const OUTPUT_MISSING_EXIT_CODE = 95;

/** Exit status of a job whose payload has succeeded, with an output that leads out of its directory. */
export const OUTPUT_OUTSIDE_EXIT_CODE = 96;

/** Name of the file in the job's directory that says what became of the outputs, with `.N` behind it for task N. */
const MANIFEST_FILE = "manifest";

/** What the lines need of a job's or component's spec. */
export type OutputTerms = PlaceTerms & Pick<Component, "outputs">;

/** The directory that an output is to be in, as a word for the shell; `''` where that is the one it lies in. */
function boundary({ location }: Output, { workingDirectory }: PlaceTerms): string {
  if (location === undefined) return '"$SLUICE_JOB_DIRECTORY"';
  if (/^[/~]/.test(location)) return "''";
  return workingDirectory === undefined ? '"$SLUICE_JOB_DIRECTORY"' : quotePath(workingDirectory);
}

/** Whether outputs go where nothing else is said, below a directory that is there for them. */
function hasDefaultPlace(outputs: Outputs): boolean {
  return Object.values(outputs).some(({ location }) => location === undefined);
}

/** The lines before the payload: what an earlier run said is gone, and outputs have a directory to go to. */
export function beforeOutputs({ outputs }: OutputTerms): string[] {
  if (Object.keys(outputs).length === 0) return [];
  return [
    `rm -f "$SLUICE_JOB_DIRECTORY/${MANIFEST_FILE}$sluice_suffix"`,
    ...hasDefaultPlace(outputs) ? [`mkdir -p "$SLUICE_JOB_DIRECTORY/${OUTPUTS_DIRECTORY}"`] : [],
  ];
}

/** What is known of a file: its size and SHA-256. */
const MEASURE_FILE = [
  "sluice_measure_file() {",
  "  sluice_files=1",
  '  sluice_bytes=$(stat -L -c %s -- "$1") && sluice_sum=$(sha256sum <"$1") || return 1',
  "  sluice_sum=${sluice_sum%% *}",
  "}",
];

/**
 * The same of a directory with all it holds. The checksum is that of the sorted checksums and paths of its files,
 * the sorted paths of its directories, and those of its links with their targets, each ended by NUL, as are the
 * parts; links are not followed.
 */
const MEASURE_DIRECTORY = [
  "sluice_list() {",
  '  find . -type "$1" -print0 | sort -z',
  "}",
  "sluice_tree() {",
  '  sluice_list f | xargs -0 -r sha256sum -z -- || : >"$sluice_part.bad"',
  "  printf '\\000'",
  '  find . -type d -print0 >"$sluice_part.list" || : >"$sluice_part.bad"',
  '  sort -z "$sluice_part.list"',
  "  printf '\\000'",
  "  sluice_list l",
  "  printf '\\000'",
  "  sluice_list l | xargs -0 -r readlink -z --",
  "}",
  "sluice_measure_directory() {",
  '  cd -- "$1" || return 1',
  "  sluice_files=$(sluice_list f | tr -dc '\\000' | wc -c)",
  "  sluice_bytes=$(find . -type f -exec stat -c %s -- {} + | {",
  "    sluice_bytes=0",
  "    while read -r sluice_one; do sluice_bytes=$((sluice_bytes + sluice_one)); done",
  '    echo "$sluice_bytes"',
  "  })",
  "  sluice_sum=$(sluice_tree | sha256sum)",
  "  sluice_sum=${sluice_sum%% *}",
  '  if [ -e "$sluice_part.bad" ]; then',
  '    rm -f "$sluice_part.bad"',
  "    return 1",
  "  fi",
  "}",
];

/** The lines that measure an output of any of the kinds. */
function measure(kinds: ReadonlySet<Output["kind"]>): string[] {
  return [
    ...kinds.has("file") ? MEASURE_FILE : [],
    ...kinds.has("directory") ? MEASURE_DIRECTORY : [],
    "sluice_measure() {",
    "  case $1 in",
    ...[...kinds].map((kind) => `    ${kind}) sluice_measure_${kind} "$2" ;;`),
    "  esac",
    "}",
  ];
}

const CHECK_OUTPUT = [
  // What is printed behind a path keeps the newlines at its end.
  "sluice_real() {",
  '  readlink -f -- "$1"',
  "  printf x",
  "}",
  "sluice_tell() {",
  "  printf '%s\\000%s\\000%s\\000%s\\000%s\\000%s\\000' \"$@\" || sluice_torn=1",
  "}",
  "sluice_refuse() {",
  '  if [ "$sluice_code" = 0 ]; then',
  '    printf \'sluice: the output %s %s: %s\\n\' "$2" "$3" "$4" >&2',
  '    if [ "$sluice_verdict" -lt "$1" ]; then sluice_verdict=$1; fi',
  "  fi",
  "}",
  // Its name, kind, when it is collected, whether it may be missing, its directory and its path.
  "sluice_output() {",
  "  sluice_files=0 sluice_bytes=0 sluice_sum=-",
  '  if [ "$sluice_code" != 0 ] && [ "$3" = success ]; then',
  '    sluice_tell not_collected "$1" "$6" 0 0 -',
  "    return",
  "  fi",
  '  if [ ! -e "$6" ]; then',
  '    sluice_tell missing "$1" "$6" 0 0 -',
  `    [ "$4" = optional ] || sluice_refuse ${OUTPUT_MISSING_EXIT_CODE} "$1" "is missing" "$6"`,
  "    return",
  "  fi",
  "  sluice_at=$5",
  '  if [ -z "$sluice_at" ]; then sluice_at=${6%/*}/; fi',
  '  sluice_at=$(sluice_real "$sluice_at")',
  "  sluice_at=${sluice_at%?x}",
  '  sluice_is=$(sluice_real "$6")',
  "  sluice_is=${sluice_is%?x}",
  "  case $sluice_is in",
  '    "$sluice_at" | "${sluice_at%/}"/*) ;;',
  "    *)",
  '      sluice_tell outside "$1" "$6" 0 0 -',
  `      sluice_refuse ${OUTPUT_OUTSIDE_EXIT_CODE} "$1" "leads out of its directory" "$6"`,
  "      return ;;",
  "  esac",
  "  sluice_kind=other",
  '  if [ -f "$6" ]; then sluice_kind="file"; elif [ -d "$6" ]; then sluice_kind="directory"; fi',
  '  if [ "$sluice_kind" != "$2" ]; then',
  '    sluice_tell missing "$1" "$6" 0 0 -',
  `    sluice_refuse ${OUTPUT_MISSING_EXIT_CODE} "$1" "is no $2" "$6"`,
  "    return",
  "  fi",
  '  if ! sluice_measure "$2" "$6"; then',
  '    sluice_tell missing "$1" "$6" 0 0 -',
  `    sluice_refuse ${OUTPUT_MISSING_EXIT_CODE} "$1" "cannot be read" "$6"`,
  "    return",
  "  fi",
  '  sluice_tell collected "$1" "$6" "$sluice_bytes" "$sluice_files" "$sluice_sum"',
  "}",
];

/**
 * The lines after the payload, whose exit status is in `$sluice_code`: they check the outputs and leave the
 * manifest, whole or not at all. Where the payload has succeeded, an output that is not as it must be makes the job
 * fail, with a word on standard error, which is descriptor 3.
 *
 * An output is to be in the working directory or, where nothing is said of its place, in the job's directory;
 * one at an absolute path, in the directory that the path names. A link in its place may lead to elsewhere in
 * that directory, not out of it.
 */
export function afterOutputs(terms: OutputTerms): string[] {
  const outputs = Object.entries(terms.outputs);
  if (outputs.length === 0) return [];
  const places = outputPlaces(terms.outputs, terms);
  const checks = outputs.flatMap(([name, output]) => {
    const place = places.get(name);
    if (place === undefined) return [];
    const { kind, collect, optional } = output;
    const words = [
      quote(name),
      kind,
      collect,
      optional ? "optional" : "needed",
      boundary(output, terms),
      placeWord(place),
    ];
    return [`    sluice_output ${words.join(" ")}`];
  });
  const kinds = new Set(outputs.map(([, { kind }]) => kind));
  return [
    "(",
    "  exec 2>&3 3>&-",
    "  LC_ALL=C CDPATH=",
    "  export LC_ALL",
    `  sluice_part=$SLUICE_JOB_DIRECTORY/.${MANIFEST_FILE}$sluice_suffix`,
    "  sluice_verdict=0 sluice_torn=",
    ...[...measure(kinds), ...CHECK_OUTPUT].map((line) => `  ${line}`),
    "  {",
    ...checks,
    '  } >"$sluice_part" || sluice_torn=1',
    '  rm -f "$sluice_part.bad" "$sluice_part.list"',
    `  if [ -n "$sluice_torn" ] || ! mv -f "$sluice_part" "$SLUICE_JOB_DIRECTORY/${MANIFEST_FILE}$sluice_suffix"; then`,
    "    printf 'sluice: what became of the outputs cannot be written to %s\\n' \"$SLUICE_JOB_DIRECTORY\" >&2",
    `    exit ${OUTPUT_MISSING_EXIT_CODE}`,
    "  fi",
    '  exit "$sluice_verdict"',
    ")",
    "sluice_verdict=$?",
    'if [ "$sluice_code" = 0 ]; then sluice_code=$sluice_verdict; fi',
  ];
}

const count = z.string().regex(/^\d{1,16}$/).transform(Number);

const recordSchema = z.tuple([
  z.enum(["collected", "missing", "outside", "not_collected"]),
  z.string(),
  z.string().min(1),
  count,
  count,
  z.string(),
]);

/** What the manifest says of each output, by its name; anything that is no record of it is passed over. */
function parseRecords(manifest: Uint8Array): ReadonlyMap<string, z.infer<typeof recordSchema>> {
  const fields = new TextDecoder().decode(manifest).split("\0");
  const records = new Map<string, z.infer<typeof recordSchema>>();
  for (let start = 0; start + 6 < fields.length; start += 6) {
    const record = recordSchema.safeParse(fields.slice(start, start + 6));
    if (record.success) records.set(record.data[1], record.data);
  }
  return records;
}

/**
 * What became of the outputs, in the order of the spec.
 *
 * @param manifest What the job's script left; nothing where it left none.
 * @param jobDirectory The job's directory on the cluster.
 * @param task Number of the array task. Default: it is none.
 */
export function outputsOf(
  terms: OutputTerms,
  manifest: Uint8Array,
  jobDirectory: string,
  task?: number,
): JobOutput[] {
  const records = parseRecords(manifest);
  const places = outputPlaces(terms.outputs, terms);
  return Object.entries(terms.outputs).flatMap(([name, { kind }]): JobOutput[] => {
    const place = places.get(name);
    if (place === undefined) return [];
    const planned = { name, kind, path: placePath(place, jobDirectory, task) };
    const record = records.get(name);
    if (record === undefined) return [{ status: "not_collected", ...planned }];
    const [status, , path, bytes, files, sum] = record;
    const told = { name, kind, path };
    if (status !== "collected") return [{ status, ...told }];
    const sha256 = contentHashSchema.safeParse(sum);
    return sha256.success
      ? [{ status, ...told, bytes, files, sha256: sha256.data }]
      : [{ status: "not_collected", ...told }];
  });
}
