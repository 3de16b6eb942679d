/**
 * The traces that steps leave in their own directories and in those of their sessions. Pure.
 *
 * @module
 */

import {
  BEGIN_LINK,
  entryName,
  ID_LINK,
  INBOX,
  LEFT_INBOX,
  LISTENING_FILE,
  LOCK_FILE,
  RUNNING,
  STEP_CANCELLED,
  STEP_END,
  STEP_START,
  STEP_WORDS,
  stepId,
  taskSuffix,
} from "../../launchers/mod.ts";
import { attemptParts } from "../../model/mod.ts";
import type { AttemptId, SessionId } from "../../model/mod.ts";
import { quotePath } from "../../shell/mod.ts";
import { parseExitRecords } from "../exit_record.ts";
import type { ExitRecord } from "../exit_record.ts";
import type { RemoteLayout } from "../layout.ts";

/** A step, or a task of one, to be looked for. */
export interface StepPart {
  /** The attempt at the job. */
  readonly attemptId: AttemptId;
  /** Number of the array task. */
  readonly task: number | undefined;
  /** The session. */
  readonly sessionId: SessionId;
}

/** What was found of a step. */
export interface StepTraces {
  /** Where its entry is: among those that wait, among those that have a place, or nowhere any more. */
  readonly entry: "waits" | "taken" | "none";
  /** What is on record of its start: Slurm's id of the step, or why it never will. */
  readonly begun?: string;
  /** When the record of its start was made, in milliseconds since the epoch. */
  readonly startedAt?: number;
  /** Its nodes, as a list for expandNodeList. */
  readonly nodeList?: string;
  /** What its script recorded of its end. */
  readonly record?: ExitRecord;
  /** How srun ended, with the time in milliseconds since the epoch. */
  readonly end?: { readonly exitCode: number; readonly at: number };
  /** Whether it was cancelled while it ran. */
  readonly cancelled: boolean;
  /** What srun and slurmstepd said, where srun has ended or the script caught a signal. */
  readonly words: readonly string[];
}

/** What was found of a session. */
export interface SessionTraces {
  /** Why it takes no more steps; absent while it does. */
  readonly closed?: string;
  /** The node where its agent is, or was when the node was lost; absent where it is at work on none. */
  readonly agentNode?: string;
  /** Slurm's id of its job by the attempt that has one. */
  readonly jobs: readonly { readonly attempt: number; readonly schedulerId: string }[];
}

/** Everything that was found. */
export interface TracesFound {
  /** The clock of the machine where the commands ran, in milliseconds since the epoch. */
  readonly now: number;
  /** The steps, by {@linkcode stepKey}. */
  readonly steps: ReadonlyMap<string, StepTraces>;
  /** The sessions. */
  readonly sessions: ReadonlyMap<SessionId, SessionTraces>;
}

/** So many paths are given to one stat(1), far below the 2 MiB that a command line may have. */
const LINKS_PER_COMMAND = 2_000;

/** Lines of Slurm's words that are looked at. */
const MOST_WORDS = 40;

/** Identifies a step, or a task of one. */
export function stepKey({ attemptId, task }: Pick<StepPart, "attemptId" | "task">): string {
  return entryName(attemptId, task);
}

/** The attempt's directory within that of all jobs. */
function placeOf(attemptId: AttemptId): string {
  const { jobId, attempt } = attemptParts(attemptId);
  return attempt === 1 ? jobId : `${jobId}/attempt-${attempt}`;
}

/**
 * In the order in which traces come about: what is missing at one place is then to be found at a later one,
 * and without an end there was none.
 */
const LOOK = `
look() {
  entry=none
  if [ -e "$session/${INBOX}/$1" ]; then entry=waits; fi
  for left in "$session/${LEFT_INBOX}"*; do
    if [ -e "$left/$1" ]; then entry=waits; fi
  done
  if [ $entry = none ] && [ -e "$session/${RUNNING}/$1" ]; then entry=taken; fi
  end=; { read -r end <"$2/${STEP_END}$3"; } 2>/dev/null || end=
  record=; { read -r record <"$2/exit$3"; } 2>/dev/null || record=
  start=; { read -r start <"$2/${STEP_START}$3"; } 2>/dev/null || start=
  cancelled=
  if [ -e "$2/${STEP_CANCELLED}$3" ]; then cancelled=1; fi
  printf 'step %s\\037%s\\037%s\\037%s\\037%s\\037%s\\n' "$1" $entry "$end" "$start" "$cancelled" "$4 $record"
  [ -n "$end$record" ] || return
  case $record in *' 0 - '*) return ;; esac
  number=0
  { while IFS= read -r line && [ $number -lt ${MOST_WORDS} ]; do
    case $line in *'step creation '*' disabled'*) continue ;; esac
    number=$((number + 1))
    printf 'said %s %s\\n' "$1" "$line"
  done <"$2/${STEP_WORDS}$3"; } 2>/dev/null
}
session() {
  session=$1 closed=
  agent=-; { read -r _ agent <"$1/${LISTENING_FILE}"; } 2>/dev/null || agent=-
  if [ -f "$1/${INBOX}" ]; then
    read -r closed <"$1/${INBOX}" || closed=ended
  elif [ -f "$1/exit" ]; then
    closed=ended
  fi
  printf 'session %s %s %s\\n' "$1" "\${closed:--}" "\${agent:--}"
  for place in "$1" "$1"/attempt-*; do
    id=; { read -r id && read -r id; } 2>/dev/null <"$place/${LOCK_FILE}" || id=
    [ -z "$id" ] || printf 'job %s %s\\n' "$place" "$id"
  done
}
`;

/**
 * The shell commands that print the traces of steps and of their sessions. They start a fixed number of
 * processes, however many there are.
 */
export function printStepTraces(layout: RemoteLayout, parts: readonly StepPart[]): string {
  const sessions = Map.groupBy(parts, ({ sessionId }) => sessionId);
  const links = [
    ...parts.map(({ attemptId, task }) => `${placeOf(attemptId)}/${BEGIN_LINK}${taskSuffix(task)}`),
    // Whatever attempt at its job it is that has one.
    ...[...sessions.keys()].flatMap((id) => [`${id}/${ID_LINK}`, `${id}/attempt-*/${ID_LINK}`]),
  ];
  return [
    `(cd -- ${quotePath(layout.jobs)} || exit`,
    LOOK,
    ...[...sessions].flatMap(([sessionId, some]) => [
      `session ${sessionId}`,
      ...some.map((part) => {
        const suffix = taskSuffix(part.task);
        const name = `${part.attemptId} exit${suffix}`;
        return `look ${stepKey(part)} ${placeOf(part.attemptId)} '${suffix}' '${name}'`;
      }),
    ]),
    ...Array.from({ length: Math.ceil(links.length / LINKS_PER_COMMAND) }, (_, index) => {
      const some = links.slice(index * LINKS_PER_COMMAND, (index + 1) * LINKS_PER_COMMAND);
      // Quoted in one way, whatever the release and the user's environment.
      return `LC_ALL=C QUOTING_STYLE=shell-always stat -c 'link %Y %N' -- ${
        some.join(" ")
      } 2>/dev/null`;
    }),
    "date '+now %s')",
  ].join("\n");
}

const START = /^(\d{1,10}\.\d{1,10}) (\S+) \d{1,9}$/;
const END = /^(\d{1,3}) (\d{1,12})$/;
const LINK = /^link (\d{1,12}) '([^']+)' -> '([^']*)'$/;

/** What the output of {@linkcode printStepTraces} tells of the steps; lines that are none are passed over. */
export function parseStepTraces(output: string, parts: readonly StepPart[]): TracesFound {
  const fields = new Map<string, readonly string[]>();
  const words = new Map<string, string[]>();
  const links = new Map<string, { readonly target: string; readonly at: number }>();
  const closed = new Map<string, string>();
  const agents = new Map<string, string>();
  const jobs = new Map<string, string>();
  let now = 0;
  for (const line of output.split("\n")) {
    const [kind = ""] = line.split(" ", 1);
    const rest = line.slice(kind.length + 1);
    switch (kind) {
      case "step": {
        const [key = "", ...others] = rest.split("\x1f");
        fields.set(key, others);
        break;
      }
      case "said": {
        const [key = ""] = rest.split(" ", 1);
        words.set(key, [...words.get(key) ?? [], rest.slice(key.length + 1)]);
        break;
      }
      case "session": {
        const [id = "", why = "-", agent = "-"] = rest.split(" ");
        closed.set(id, why);
        agents.set(id, agent);
        break;
      }
      case "job": {
        const [place = "", id = ""] = rest.split(" ");
        if (/^\d{1,10}$/.test(id)) jobs.set(place, id);
        break;
      }
      case "link": {
        const [, seconds = "", path = "", target = ""] = LINK.exec(line) ?? [];
        links.set(path, { target, at: Number(seconds) * 1000 });
        break;
      }
      case "now":
        now = Number(rest) * 1000;
        break;
      default:
    }
  }
  const steps = new Map(parts.flatMap((part): [string, StepTraces][] => {
    const key = stepKey(part);
    const found = fields.get(key);
    if (found === undefined) return [];
    const [entry, endText = "", startText = "", cancelled, recordText = ""] = found;
    const link = links.get(`${placeOf(part.attemptId)}/${BEGIN_LINK}${taskSuffix(part.task)}`);
    const end = END.exec(endText);
    const start = START.exec(startText);
    const [record] = parseExitRecords(recordText);
    const own = record?.schedulerId === stepId(part.sessionId) ? record : undefined;
    return [[key, {
      entry: entry === "waits" || entry === "taken" ? entry : "none",
      ...(link === undefined ? {} : { begun: link.target, startedAt: link.at }),
      ...(start?.[2] === undefined ? {} : { nodeList: start[2] }),
      ...(own === undefined ? {} : { record: own }),
      ...(end === null ? {} : { end: { exitCode: Number(end[1]), at: Number(end[2]) * 1000 } }),
      cancelled: cancelled === "1",
      words: words.get(key) ?? [],
    }]];
  }));
  const sessions = new Map([...new Set(parts.map(({ sessionId }) => sessionId))].flatMap((id) => {
    const why = closed.get(id);
    if (why === undefined) return [];
    const agentNode = agents.get(id) ?? "-";
    return [
      [id, {
        ...(why === "-" ? {} : { closed: why }),
        ...(agentNode === "-" ? {} : { agentNode }),
        jobs: jobsOf(id, jobs, links),
      }] as const,
    ];
  }));
  return { now, steps, sessions };
}

/** Slurm's ids of a session's job, by its attempts. */
function jobsOf(
  sessionId: SessionId,
  noted: ReadonlyMap<string, string>,
  links: ReadonlyMap<string, { readonly target: string }>,
): SessionTraces["jobs"] {
  const found = new Map<number, string>();
  const attemptOf = (place: string): number | undefined => {
    if (place === sessionId) return 1;
    const attempt = place.startsWith(`${sessionId}/attempt-`)
      ? Number(place.slice(sessionId.length + "/attempt-".length))
      : NaN;
    return Number.isInteger(attempt) ? attempt : undefined;
  };
  const note = (place: string, id: string) => {
    const attempt = attemptOf(place);
    if (attempt !== undefined && /^\d{1,10}$/.test(id)) found.set(attempt, id);
  };
  for (const [place, id] of noted) note(place, id);
  // The link is what counts where there is one.
  for (const [path, { target }] of links) {
    if (path.endsWith(`/${ID_LINK}`)) note(path.slice(0, -ID_LINK.length - 1), target);
  }
  return [...found].map(([attempt, schedulerId]) => ({ attempt, schedulerId }));
}
