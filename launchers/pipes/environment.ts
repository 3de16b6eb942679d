/**
 * Where a payload finds what Dagster Pipes tells it, and writes what it has to say. Pure.
 *
 * @module
 */

import type { AttemptId, MessageTerms } from "../../model/mod.ts";
import type { PlanFile } from "../plan.ts";
import { pipesContext } from "./context.ts";
import PYTHON_HELPER from "./sluice_messages.py" with { type: "text" };
import DENO_HELPER from "./sluice_messages.ts" with { type: "text" };

/** Name of the file with the context, in the directory of the plan's files. */
const CONTEXT_FILE = "pipes-context.json";

/** Name of the directory of the helpers there. */
const HELPERS_DIRECTORY = "helpers";

/** The files of an attempt whose payload sends messages; none of any other. */
export function messageFiles(
  attemptId: AttemptId,
  { name, messages }: {
    readonly name: string;
    readonly messages?: MessageTerms | undefined;
  },
): PlanFile[] {
  if (messages === undefined) return [];
  const file = (path: string, text: string) => ({ name: path, text, executable: false });
  return [
    file(CONTEXT_FILE, pipesContext(attemptId, name, messages)),
    file(`${HELPERS_DIRECTORY}/sluice_messages.py`, PYTHON_HELPER),
    file(`${HELPERS_DIRECTORY}/sluice_messages.ts`, DENO_HELPER),
  ];
}

/**
 * Parameters of Pipes are JSON, compressed with zlib and then in base64. What is compressed is told by nobody but
 * the cluster, which knows where the files are, and has no program for it: it is stored, which zlib allows.
 */
const PARAMETER = [
  "sluice_parameter() {",
  `  sluice_json="{\\"path\\": \\"$(printf %s "$1" | sed 's/[\\"]/\\\\&/g')\\"}"`,
  "  sluice_low=1",
  "  sluice_high=0",
  "  sluice_length=0",
  '  for sluice_byte in $(printf %s "$sluice_json" | od -An -v -tu1); do',
  "    sluice_low=$(((sluice_low + sluice_byte) % 65521))",
  "    sluice_high=$(((sluice_high + sluice_low) % 65521))",
  "    sluice_length=$((sluice_length + 1))",
  "  done",
  "  {",
  "    printf '\\170\\001\\001'",
  "    sluice_bytes $((sluice_length % 256)) $((sluice_length / 256)) \\",
  "      $((255 - sluice_length % 256)) $((255 - sluice_length / 256))",
  '    printf %s "$sluice_json"',
  "    sluice_bytes $((sluice_high / 256)) $((sluice_high % 256)) \\",
  "      $((sluice_low / 256)) $((sluice_low % 256))",
  "  } | base64 | tr -d '\\n'",
  "}",
  "sluice_bytes() {",
  '  for sluice_byte in "$@"; do',
  '    printf %b "\\\\0$((sluice_byte / 64))$((sluice_byte / 8 % 8))$((sluice_byte % 8))"',
  "  done",
  "}",
];

/**
 * Lines of the job's script by which its payload can send messages; none where it sends none.
 *
 * @param files The directory of the plan's files, as the shell names it.
 */
export function messageLines(
  { messages }: { readonly messages?: MessageTerms | undefined },
  files: string,
): string[] {
  if (messages === undefined) return [];
  return [
    ...PARAMETER,
    "SLUICE_MESSAGES=$PWD/messages$sluice_suffix",
    `SLUICE_HELPERS=${files}/${HELPERS_DIRECTORY}`,
    "{",
    // What a run before this one was killed in the middle of is a line of its own.
    '  if [ -n "$(tail -c 1 "$SLUICE_MESSAGES")" ]; then echo >>"$SLUICE_MESSAGES"; fi',
    // Whoever looks for it finds it, empty or not.
    `  printf '' >>"$SLUICE_MESSAGES"`,
    "} 2>/dev/null",
    `DAGSTER_PIPES_CONTEXT=$(sluice_parameter "${files}/${CONTEXT_FILE}")`,
    'DAGSTER_PIPES_MESSAGES=$(sluice_parameter "$SLUICE_MESSAGES")',
    "PYTHONPATH=$SLUICE_HELPERS${PYTHONPATH:+:$PYTHONPATH}",
    "export SLUICE_MESSAGES SLUICE_HELPERS DAGSTER_PIPES_CONTEXT DAGSTER_PIPES_MESSAGES PYTHONPATH",
    "",
  ];
}
