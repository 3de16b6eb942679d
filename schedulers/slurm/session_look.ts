/**
 * What is to be seen of sessions, in the queue, of their nodes and in their directories. Pure.
 *
 * @module
 */

import {
  BEGIN_LINK,
  CLOSE_FILE,
  CLUSTER_FILE,
  INBOX,
  LEFT_INBOX,
  LISTENING_FILE,
  RUNNING,
} from "../../launchers/mod.ts";
import { jobIdSchema } from "../../model/mod.ts";
import type { SessionId } from "../../model/mod.ts";
import { quotePath } from "../../shell/mod.ts";
import {
  expandNodeList,
  fieldSeparator,
  outputLines,
  parseEpoch,
  parseState,
  stateMeaning,
} from "../../slurm/mod.ts";
import type { NodeState, SlurmOutput } from "../../slurm/mod.ts";
import type { RemoteLayout } from "../layout.ts";
import type { SessionSighting, WatchedSession } from "../scheduler.ts";

const FIXED = `
clusters() {
  for found in "$1/${CLUSTER_FILE}" "$1"/attempt-*/"${CLUSTER_FILE}"; do
    [ -f "$found" ] || continue
    place=\${found%/*}
    [ -L "$place/${BEGIN_LINK}" ] && [ ! -e "$place/exit" ] || continue
    while IFS= read -r line; do printf 'cluster %s %s %s\\n' "$session" "$1" "$line"; done <"$found"
  done
}
session() {
  session=$1 waiting=0 running=0 closed=-
  if [ -f "$1/${INBOX}" ]; then
    read -r closed <"$1/${INBOX}" || closed=-
  elif [ -f "$1/exit" ]; then
    closed=ended
  fi
  for entry in "$1/${INBOX}"/* "$1/${LEFT_INBOX}"*/*; do
    [ ! -e "$entry" ] || waiting=$((waiting + 1))
  done
  last=
  for entry in "$1/${RUNNING}"/*; do
    [ -e "$entry" ] || continue
    attempt=\${entry##*/} suffix=
    case $attempt in *_*)
      task=\${attempt##*_} attempt=\${attempt%%_*}
      suffix=.\${task#"\${task%%[1-9]*}"}
      [ "$suffix" != . ] || suffix=.0 ;;
    esac
    place=\${attempt%%.*}
    job=$place
    case $attempt in *.*) place=$place/attempt-\${attempt#*.} ;; esac
    if [ -e "$place/exit$suffix" ]; then continue; fi
    if [ -L "$place/${BEGIN_LINK}$suffix" ]; then running=$((running + 1)); else waiting=$((waiting + 1)); fi
    [ "$job" = "$last" ] || clusters "$job"
    last=$job
  done
  printf 'session %s %s %s %s\\n' "$1" "$waiting" "$running" "$closed"
}
`;

/** The shell commands that print how sessions stand. They start no process, however many steps there are. */
export function printSessions(layout: RemoteLayout, sessions: readonly SessionId[]): string {
  return [
    `(cd -- ${quotePath(layout.jobs)} 2>/dev/null || exit 0`,
    FIXED,
    ...sessions.map((id) => `session ${id}`),
    ":)",
  ].join("\n");
}

/** Asks the queue for the nodes and the time limits of allocations. */
export function allocationArguments(ids: readonly string[]): string[] {
  return [
    "squeue",
    "--noheader",
    "--all",
    "--me",
    "--states=all",
    // One that is unknown is an error where it is the only one.
    `--jobs=${ids.join(",")}`,
    `--format=${["%A", "%T", "%N", "%e", "%B"].join(fieldSeparator)}`,
  ];
}

/** What the queue tells of an allocation. */
export interface AllocationLine {
  /** The nodes that it has now, or had at its end; absent while that is not to be told. */
  readonly nodes?: ReadonlySet<string>;
  /** The node that its agent was started on, once it has one. */
  readonly agentNode?: string;
  /** When its time limit ends it, in milliseconds since the epoch. */
  readonly expiresAt?: number;
}

/** The allocations in the queue's answer, by Slurm's ids. */
export function parseAllocations(output: SlurmOutput): ReadonlyMap<string, AllocationLine> {
  return new Map(
    outputLines(output).flatMap((line) => {
      const [id = "", word = "", list = "", end, agentNode = "n/a"] = line.split(fieldSeparator);
      if (!/^\d{1,10}$/.test(id)) return [];
      const state = parseState(word);
      const expiresAt = state === "RUNNING" ? parseEpoch(end) : undefined;
      // Of a job that is completing only those nodes are listed that have not done so.
      const told = state !== undefined &&
        (state === "RUNNING" || stateMeaning(state).kind === "ended");
      const nodes = expandNodeList(list);
      return [[id, {
        ...(told && nodes.length > 0 ? { nodes: new Set(nodes) } : {}),
        ...(agentNode === "n/a" ? {} : { agentNode }),
        ...(expiresAt === undefined ? {} : { expiresAt }),
      }]];
    }),
  );
}

type Clusters = SessionSighting["clusters"];

interface Standing {
  waiting: number;
  running: number;
  closed: SessionSighting["closed"];
}

function closedWord(word: string | undefined): SessionSighting["closed"] {
  return word === "asked" || word === "idle" || word === "ended" ? word : undefined;
}

function parseStandings(
  output: string,
): { standings: Map<string, Standing>; clusters: Map<string, Clusters> } {
  const standings = new Map<string, Standing>();
  const settings = new Map<string, Map<string, Map<string, string>>>();
  for (const line of output.split("\n")) {
    const session = /^session (\S+) (\d{1,9}) (\d{1,9}) (\S+)$/.exec(line);
    if (session?.[1] !== undefined) {
      standings.set(session[1], {
        waiting: Number(session[2]),
        running: Number(session[3]),
        closed: closedWord(session[4]),
      });
      continue;
    }
    const [, id, job, name, value] = /^cluster (\S+) (\S+) ([a-z]+)=(\S+)$/.exec(line) ?? [];
    if (id === undefined || job === undefined || name === undefined || value === undefined) {
      continue;
    }
    const jobs = settings.get(id) ?? new Map<string, Map<string, string>>();
    settings.set(id, jobs);
    jobs.set(job, (jobs.get(job) ?? new Map<string, string>()).set(name, value));
  }
  const clusters = new Map([...settings].map(([id, jobs]) => [
    id,
    [...jobs].flatMap(([job, values]): Clusters => {
      const jobId = jobIdSchema.safeParse(job);
      const framework = values.get("framework");
      const address = values.get("address");
      const dashboard = values.get("dashboard");
      if (!jobId.success || address === undefined) return [];
      if (framework !== "ray" && framework !== "spark") return [];
      return [{
        jobId: jobId.data,
        framework,
        address,
        ...(dashboard === undefined ? {} : { dashboard }),
      }];
    }),
  ]));
  return { standings, clusters };
}

/** The answers of the three commands that look at sessions. */
export interface SessionAnswers {
  /** What {@linkcode printSessions} printed. */
  readonly printed: string;
  /** The allocations in the queue. */
  readonly allocations: ReadonlyMap<string, AllocationLine>;
  /** The states of all nodes that were asked for. */
  readonly nodes: readonly NodeState[];
}

/** The state of a node that is well, and is the session's no more. */
const LOST_NODE = "LOST";

/** What is to be seen of each session. */
export function sessionSightings(
  sessions: readonly WatchedSession[],
  answers: SessionAnswers,
): SessionSighting[] {
  const { standings, clusters } = parseStandings(answers.printed);
  const states = new Map(answers.nodes.map((state) => [state.node, state]));
  return sessions.map(({ sessionId, nodes, schedulerId }): SessionSighting => {
    const line = schedulerId === undefined ? undefined : answers.allocations.get(schedulerId);
    const standing = standings.get(sessionId);
    const closed = hasLostAgent(line) ? "node_failure" : standing?.closed;
    return {
      sessionId,
      nodes: nodesOf(nodes, line).flatMap((node) => {
        const known = states.get(node);
        if (known === undefined) return [];
        // A node that has failed is the allocation's no more, also when it has come back.
        const held = line?.nodes?.has(node) !== false;
        // Then what it is now does not tell what it failed of.
        const state = known.usable && !held ? LOST_NODE : known.state;
        return [{ node, state, usable: known.usable && held }];
      }),
      ...(line?.expiresAt === undefined ? {} : { expiresAt: line.expiresAt }),
      waiting: standing?.waiting ?? 0,
      running: standing?.running ?? 0,
      ...(closed === undefined ? {} : { closed }),
      clusters: clusters.get(sessionId) ?? [],
    };
  });
}

/**
 * Whether an allocation has lost the node of its agent. Slurm goes on with it, as it was told to when a node
 * fails, or ends it with what the agent's end looks like from afar; nobody starts a step there any more.
 */
function hasLostAgent({ nodes, agentNode }: AllocationLine = {}): boolean {
  return nodes !== undefined && agentNode !== undefined && !nodes.has(agentNode);
}

/** The nodes that a session has or had, also where that of its agent was lost before anybody looked. */
function nodesOf(nodes: readonly string[], { agentNode }: AllocationLine = {}): readonly string[] {
  return agentNode === undefined || nodes.includes(agentNode) ? nodes : [agentNode, ...nodes];
}

/** The shell commands that have a session take no more steps. One whose directory is gone is passed over. */
export function closeSessionLine(layout: RemoteLayout, sessionId: SessionId): string {
  return [
    `(cd -- ${quotePath(layout.jobs)}/${sessionId} 2>/dev/null || exit 0`,
    `{ true >|${CLOSE_FILE}; } 2>/dev/null || exit`,
    `{ read -r number _ <${LISTENING_FILE}; } 2>/dev/null || exit 0`,
    'scancel --batch --signal=USR2 "$number" </dev/null >/dev/null 2>&1',
    ":)",
  ].join("\n");
}
