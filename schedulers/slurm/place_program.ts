/**
 * The shell program that puts steps into sessions, each once. Pure.
 *
 * For each step it writes what lies in the step's directory, and only then the step's entry into the
 * session's inbox, in one go with all others for that session. An entry's name tells whose it is, so that
 * putting it there again changes nothing; one that the session's agent has taken leaves traces all the way to
 * its end, which are looked for in the order in which they come about. Should a second one slip in all the
 * same, the agent drops it.
 *
 * Files are written where there are none, and never into: a step that runs reads its script. Where one lies
 * already, of a program that was cut off or is at work, all are written aside and moved into their places.
 * Where there is none, no process is started for a step at all.
 *
 * @module
 */

import { z } from "zod";
import {
  BEGIN_LINK,
  INBOX,
  LEFT_INBOX,
  LISTENING_FILE,
  RUNNING,
  STEP_END,
  taskDigits,
} from "../../launchers/mod.ts";
import type { SessionId } from "../../model/mod.ts";
import { quote, quotePath } from "../../shell/mod.ts";
import type { PlannedStep } from "./step_planner.ts";

/** Longest time that a program may take, in seconds. */
export const PLACE_SECONDS = 60;

/** What the program said of one step. */
export type PlaceReply =
  & { readonly attemptId: string }
  & (
    /** The session has it; of an array, at least one task. */
    | { readonly kind: "placed" }
    /** The session takes no more steps, for the reason told. */
    | { readonly kind: "closed"; readonly words: string }
    | { readonly kind: "unwritable"; readonly words: string }
    | { readonly kind: "unclear"; readonly words: string }
  );

/**
 * Of a step these are set: `id`, `directory`, `numbers` with the tasks' or `-`, `programs` with the names of
 * files that are, and `text`, its entry's.
 */
const FIXED = `
trap '' HUP INT QUIT TERM PIPE
set -C
say() {
  printf '%s\\037%s\\037%.1000s\\036' "$@"
}
unwritable() {
  space=$(df -Pk "$1" 2>/dev/null | tail -n 1 | grep . || df -Pk "$root" 2>&1 | tail -n 1)
  say "$id" unwritable "$space"
}
closed() {
  why=
  if [ -f "$session/${INBOX}" ]; then
    read -r why <"$session/${INBOX}"
    return 0
  fi
  [ -f "$session/exit" ] && why=ended
}
name_of() {
  case $1 in
    -) name=$id suffix= ;;
    *)
      name=\${id}_$1 suffix=.\${1#"\${1%%[1-9]*}"}
      [ "$suffix" != . ] || suffix=.0 ;;
  esac
}
placed() {
  [ -e "$session/${INBOX}/$name" ] && return
  for left in "$session/${LEFT_INBOX}"*; do
    [ -e "$left/$name" ] && return
  done
  [ -e "$session/${RUNNING}/$name" ] || [ -e "$directory/${STEP_END}$suffix" ] ||
    [ -L "$directory/${BEGIN_LINK}$suffix" ]
}
known() {
  for number in $numbers; do
    name_of "$number"
    placed && return
  done
  return 1
}
write_aside() {
  aside=$(mktemp -d "$directory/.new.XXXXXX") && "files_$1" "$aside" || return
  for file in $programs; do chmod 700 -- "$aside/$file" || return; done
  for file in "$aside"/*/*; do
    [ -e "$file" ] || continue
    mv -f -- "$file" "$directory/\${file#"$aside"/}" || return
  done
  rmdir -- "$aside"/*/
  mv -f -- "$aside"/* "$directory/" && rmdir -- "$aside"
} 2>/dev/null
stage() {
  for number in $numbers; do
    name_of "$number"
    placed || { staged=1 && printf %s "$text" >"$stage/$name"; } || return
  done
} 2>/dev/null
prepare() {
  "step_$1"
  new=
  known || new=1
  if closed; then
    if [ -n "$new" ]; then say "$id" closed "$why"; else say "$id" placed ''; fi
    return
  fi
  if [ -n "$new" ]; then
    if "files_$1" "$directory" 2>/dev/null; then
      fresh="$fresh $1"
    elif ! write_aside "$1"; then
      unwritable "$directory"
      return
    fi
  fi
  staged=
  if ! stage; then
    unwritable "$session"
  elif [ -z "$staged" ]; then
    say "$id" placed ''
  else
    ready="$ready $1"
  fi
}
make_programs() {
  set --
  for step in $fresh; do
    "step_$step"
    for file in $programs; do set -- "$@" "$directory/$file"; done
  done
  [ $# = 0 ] || chmod 700 -- "$@"
}
put() {
  for try in 1 2 3; do
    [ -e "$session/${INBOX}" ] || mkdir -- "$session/${INBOX}" 2>/dev/null
    mv -- "$stage"/* "$session/${INBOX}/" 2>/dev/null && return
    [ ! -f "$session/${INBOX}" ] || return
  done
}
answer() {
  "step_$1"
  if known; then
    say "$id" placed ''
  elif closed; then
    say "$id" closed "$why"
  else
    say "$id" unclear "the entry could not be moved into the inbox of the session"
  fi
}
wake() {
  # Before the agent has left its id it looks by itself.
  { read -r number _ <"$session/${LISTENING_FILE}"; } 2>/dev/null || return
  scancel --batch --signal=USR2 "$number" </dev/null >/dev/null 2>&1
}
place() {
  fresh= ready=
  if stage=$(mktemp -d "$session/.placing.XXXXXX" 2>/dev/null); then
    for step; do prepare "$step"; done
    make_programs
    if [ -n "$ready" ]; then put; fi
    for step in $ready; do answer "$step"; done
    rm -rf -- "$stage"
    if [ -n "$ready" ]; then wake; fi
  else
    for step; do
      "step_$step"
      unwritable "$session"
    done
  fi
}
`;

/** A path below the directory of all jobs as the program names it there. */
function below(root: string, path: string): string {
  const jobs = `${root}/jobs/`;
  if (!path.startsWith(jobs)) throw new RangeError(`${path} is not below ${jobs}`);
  return `"$jobs"/${quote(path.slice(jobs.length))}`;
}

/** The functions of one step: `step_N` sets its variables, `files_N` writes its files into a directory. */
function stepFunctions(root: string, step: PlannedStep, index: number): string {
  const programs = step.files.flatMap(({ name, executable }) => executable ? [name] : []);
  return [
    `step_${index}() {`,
    `id=${quote(step.attemptId)} directory=${below(root, step.directory)}`,
    `numbers=${quote(step.tasks?.map(taskDigits).join(" ") ?? "-")}`,
    `programs=${quote(programs.join(" "))}`,
    `text=${quote(step.entry)}`,
    "}",
    `files_${index}() {`,
    ...withinOf(step.files).map((name) => `mkdir -p -- "$1"${quote(name)} &&`),
    step.files.map(({ name, text }) => `printf %s ${quote(text)} >"$1"/${quote(name)}`).join(
      " &&\n",
    ),
    "}",
  ].join("\n");
}

/** The directories within a step's own that its files lie in, each with `/` before it. */
function withinOf(files: PlannedStep["files"]): string[] {
  return [...new Set(files.flatMap(({ name }) => /^(.+)\/[^/]+$/.exec(`/${name}`)?.[1] ?? []))];
}

/** The lines that place the steps of one session. */
function sessionLines(root: string, sessionId: SessionId, indexes: readonly number[]): string {
  return [
    `session=${below(root, `${root}/jobs/${sessionId}`)}`,
    `place ${indexes.join(" ")}`,
  ].join("\n");
}

/**
 * The program for a batch, to be read by `sh` from its standard input.
 *
 * As with the program that submits jobs, it is one function, called on the last line, and ignores the signals
 * of a lost connection.
 *
 * @param spool The spool file; may start with `~/`.
 */
export function placeProgram(root: string, spool: string, steps: readonly PlannedStep[]): string {
  const sessions = Map.groupBy(
    steps.map(({ sessionId }, index) => ({ sessionId, index })),
    ({ sessionId }) => sessionId,
  );
  const directories = new Set([
    ...steps.flatMap(({ directory, files }) =>
      ["", ...withinOf(files)].map((name) => below(root, `${directory}${name}`))
    ),
    ...[...sessions.keys()].map((sessionId) => below(root, `${root}/jobs/${sessionId}`)),
  ]);
  return [
    "main() {",
    `root=${quotePath(root)} spool=${quotePath(spool)}`,
    "jobs=$root/jobs",
    FIXED,
    `mkdir -p -- "\${spool%/*}" ${[...directories].join(" ")} 2>/dev/null`,
    ...steps.map((step, index) => stepFunctions(root, step, index)),
    ...[...sessions].map(([sessionId, some]) =>
      sessionLines(root, sessionId, some.map(({ index }) => index))
    ),
    "}",
    "main",
    "",
  ].join("\n");
}

const replySchema = z.tuple([z.string(), z.string(), z.string()]);

/** What the program said, step by step. Anything that is not one of its records is passed over. */
export function parsePlaceReplies(output: string): PlaceReply[] {
  return output.split("\x1e").flatMap((record): PlaceReply[] => {
    const fields = replySchema.safeParse(record.split("\x1f"));
    if (!fields.success) return [];
    const [attemptId, kind, words] = fields.data;
    switch (kind) {
      case "placed":
        return [{ attemptId, kind }];
      case "closed":
      case "unwritable":
      case "unclear":
        return [{ attemptId, kind, words }];
      default:
        return [];
    }
  });
}
