/**
 * The shell program that ends steps of sessions, or sends them signals. Pure.
 *
 * A step that has not begun is ended by the record of its start: whoever makes the link first decides, so that
 * it never begins after it was cancelled, wherever it waits. One that has begun is ended by the session's
 * agent, which goes on with it when nobody is connected.
 *
 * @module
 */

import {
  BEGIN_LINK,
  CANCELLED,
  CANCELS,
  GIVEN_UP,
  INBOX,
  LEFT_INBOX,
  LISTENING_FILE,
  STEP_END,
  STEP_TASKS,
  stepId,
  taskDigits,
} from "../../launchers/mod.ts";
import { attemptParts, sessionIdSchema } from "../../model/mod.ts";
import type { SchedulerId, SessionId } from "../../model/mod.ts";
import { quotePath } from "../../shell/mod.ts";
import type { RemoteLayout } from "../layout.ts";
import type { Cancellation } from "../scheduler.ts";

/** The session whose step goes by the id; `undefined` for an id of Slurm's. */
export function sessionOfStep(schedulerId: SchedulerId): SessionId | undefined {
  const prefix = schedulerId.slice(0, schedulerId.indexOf(":") + 1);
  const session = sessionIdSchema.safeParse(schedulerId.slice(prefix.length));
  return session.success && stepId(session.data) === schedulerId ? session.data : undefined;
}

/** A step to be ended. */
export interface StepCancellation extends Cancellation {
  /** The session. */
  readonly sessionId: SessionId;
}

const FIXED = `
set -C
end() {
  # Where srun has ended nothing is left to end.
  if [ -e "$place/${STEP_END}$suffix" ] || [ -e "$place/exit$suffix" ]; then return; fi
  if ln -sn ${CANCELLED} "$place/${BEGIN_LINK}$suffix" 2>/dev/null; then
    rm -f -- "$session/${INBOX}/$name" "$session/${LEFT_INBOX}"*/"$name"
  else
    begun=$(readlink "$place/${BEGIN_LINK}$suffix") || { failed=1 && return; }
    case $begun in ${CANCELLED} | ${GIVEN_UP}) ;; *) [ "$means" = end ] || return ;; esac
  fi
  if [ -d "$session/${CANCELS}" ]; then
    { true >|"$session/${CANCELS}/$name"; } 2>/dev/null || failed=1
    wake=1
  fi
}
signal() {
  if [ -e "$place/exit$suffix" ]; then return; fi
  begun=$(readlink "$place/${BEGIN_LINK}$suffix") || return
  case $begun in ${CANCELLED} | ${GIVEN_UP}) ;; *) steps="$steps $begun" ;; esac
}
# MEANS ATTEMPT DIRECTORY TASKS
ask() {
  means=$1 place=$3
  [ -d "$place" ] || return
  # Of the whole of an array each task is asked.
  if [ "$4" = - ] && [ -e "$place/${STEP_TASKS}" ]; then
    read -r tasks <"$place/${STEP_TASKS}"
    for task in $tasks; do ask_task "$1" "$2_$task" "$task"; done
  elif [ "$4" = - ]; then
    ask_task "$1" "$2" ''
  else
    ask_task "$1" "$2_$4" "$4"
  fi
}
ask_task() {
  name=$2 suffix=
  if [ -n "$3" ]; then
    suffix=.\${3#"\${3%%[1-9]*}"}
    [ "$suffix" != . ] || suffix=.0
  fi
  case $1 in
    end | end_if_waiting) end ;;
    *) signal ;;
  esac
}
wake_up() {
  { [ -n "$wake" ] && read -r number _ <"$session/${LISTENING_FILE}"; } 2>/dev/null || return 0
  scancel --batch --signal=USR2 "$number" </dev/null >/dev/null 2>&1
}
`;

function meansOf({ means }: Cancellation): string {
  switch (means.kind) {
    case "end":
    case "end_if_waiting":
      return means.kind;
    case "signal":
      return means.signal;
  }
}

/**
 * The program for some cancellations. What has ended already is passed over; it fails only where a step could
 * be neither kept from its start nor be put down for the agent to end.
 */
export function cancelStepsProgram(
  layout: RemoteLayout,
  cancellations: readonly StepCancellation[],
): string {
  const sessions = Map.groupBy(cancellations, ({ sessionId }) => sessionId);
  return [
    `(cd -- ${quotePath(layout.jobs)} || exit`,
    FIXED,
    "failed=",
    ...[...sessions].flatMap(([sessionId, some]) => {
      const signals = Map.groupBy(
        some,
        (one) => one.means.kind === "signal" ? one.means.signal : undefined,
      );
      return [
        `session=${sessionId} wake=`,
        ...[...signals].flatMap(([signal, group]) => [
          "steps=",
          ...group.map((one) => {
            const { jobId, attempt } = attemptParts(one.attemptId);
            const place = attempt === 1 ? jobId : `${jobId}/attempt-${attempt}`;
            const task = one.task === undefined ? "-" : taskDigits(one.task);
            return `ask ${meansOf(one)} ${one.attemptId} ${place} ${task}`;
          }),
          ...(signal === undefined ? [] : [
            `[ -z "$steps" ] || scancel --signal=${signal} $steps </dev/null >/dev/null 2>&1`,
          ]),
        ]),
        "wake_up",
      ];
    }),
    '[ -z "$failed" ])',
  ].join("\n");
}
