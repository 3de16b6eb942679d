/**
 * The shell functions that are the same in every program of {@linkcode submitProgram}. Pure.
 *
 * @module
 */

import { ID_LINK, LOCK_FILE } from "../../launchers/mod.ts";

/**
 * Age in seconds after which a lock is void whatever became of its holder, which is ended after
 * {@linkcode PROGRAM_SECONDS} and 5 more: the rest is for slow file systems and for clocks that differ. It
 * need be no longer, since a holder that works on all the same, such as one that was suspended, makes no
 * second job run: of two copies only the one on record does.
 */
export const LOCK_LEASE_SECONDS = 180;

/**
 * Sets what the functions share and defines them: `claim` an attempt, `open_lane` for what sbatch writes,
 * `finish` what sbatch has answered, and `look_for_gone` holders of locks.
 */
export const SUBMIT_FUNCTIONS = `
trap '' HUP INT QUIT TERM PIPE
set -C
me=$(uname -n):$PPID
date=$(date +%s) booted= gone= queue= careful= lane=
{ read -r booted rest </proc/uptime; } 2>/dev/null
line='
'
say() {
  printf '%s\\037%s\\037%s\\037%.1000s\\036' "$@"
}
space() {
  df -Pk "$1" 2>/dev/null | tail -n 1 | grep . || df -Pk "$root" 2>&1 | tail -n 1
}
clock() {
  # By a clock that nobody sets, where there is one.
  { read -r up rest </proc/uptime; } 2>/dev/null || { now=$(date +%s) && return; }
  up=\${up%%.*}
  now=$((date + up - \${booted%%.*})):$up
}
submitted() {
  ln -sn "$3" "$2/${ID_LINK}" 2>/dev/null || [ -L "$2/${ID_LINK}" ] || {
    say "$1" unclear 0 "cannot record Slurm's id $3 in $2"
    return
  }
  say "$1" submitted 0 "$(readlink "$2/${ID_LINK}")"
}
recorded() {
  if [ -L "$1/${ID_LINK}" ]; then
    id=$(readlink "$1/${ID_LINK}")
    return
  fi
  { read -r id && read -r id; } 2>/dev/null <"$1/${LOCK_FILE}"
}
holder_is_gone() {
  host=\${1%%:*} rest=\${1#*:}
  group=\${rest%%:*} then=\${rest#*:}
  clock
  if [ "$host" = "\${me%%:*}" ]; then
    kill -s 0 -- "-$group" 2>/dev/null || return 0
    case $then$line$now in
      *:*"$line"*:*)
        # A clock that has gone back has begun anew: no holder outlives that.
        age=$((\${now#*:} - \${then#*:}))
        [ "$age" -gt ${LOCK_LEASE_SECONDS} ] || [ "$age" -lt 0 ]
        return ;;
    esac
  fi
  [ $((\${now%%:*} - \${then%%:*})) -gt ${LOCK_LEASE_SECONDS} ]
}
find_holder() {
  place=$1/${LOCK_FILE} holder=
  if [ -f "$place" ]; then
    read -r holder <"$place"
    # One that was cut off before it had said who it is: only the age of its lock is known.
    [ -n "$holder" ] || holder=?:0:$(stat -c %Y "$place")
    place=$1/lock.$holder
  fi
  while [ -L "$place" ]; do
    holder=$(readlink "$place")
    place=$1/lock.$holder
  done
}
look_for_gone() {
  recorded "$2" && return
  find_holder "$2"
  [ -n "$holder" ] && holder_is_gone "$holder" && printf '%s ' "$1=$holder"
}
claim() {
  if [ ! -L "$2/${ID_LINK}" ] && { true >"$2/${LOCK_FILE}"; } 2>/dev/null; then
    clock
    { printf '%s\\n' "$me:$now" >>"$2/${LOCK_FILE}"; } 2>/dev/null && return
    unwritable "$1" "$2"
    return 1
  fi
  if recorded "$2"; then
    submitted "$1" "$2" "$id"
    return 1
  fi
  find_holder "$2"
  if [ -z "$holder" ]; then
    say "$1" unwritable 0 "$(space "$2")"
    return 1
  fi
  case $line$queue$line in
    *"\${line}sluice:$1 "*)
      found=\${queue#*"sluice:$1 "}
      submitted "$1" "$2" "\${found%%"$line"*}"
      return 1 ;;
  esac
  case " $gone" in
    *" $1=$holder "*)
      clock
      if ln -sn "$me:$now" "$place" 2>/dev/null; then
        careful="$careful $1"
        return
      fi ;;
  esac
  say "$1" locked 0 "$holder"
  return 1
}
unwritable() {
  words=$(space "$2")
  unwritten=$1 where=$2
  shift 2
  # What the job takes in lies there already, and stays.
  for file do rm -rf -- "$where/$file"; done
  # The lock last: whoever takes the next one must find none of its own files removed.
  rm -f -- "$where"/sbatch.* "$where"/${LOCK_FILE}*
  say "$unwritten" unwritable 0 "$words"
}
open_lane() {
  [ -z "$lane" ] || return 0
  # The name is that of no other program, which could come to the same job while an sbatch of this one lives.
  lane=$1/sbatch.$me:$now
  { true >"$lane.out" && true >"$lane.err"; } || {
    lane=
    return 1
  }
  exec 5>>"$lane.out" 6<"$lane.out" 7>>"$lane.err" 8<"$lane.err"
}
finish() {
  # All that sbatch wrote is read, whatever came of it: the next one's words are behind it.
  id= words=
  while IFS= read -r word || [ -n "$word" ]; do
    # The last line that is not empty.
    [ -z "$word" ] || id=$word
    words=$words$word$line
  done <&6
  if [ "$3" -ne 0 ]; then
    say "$1" refused "$3" "$(tr -d '\\000\\036\\037' <&8)"
    return
  fi
  while IFS= read -r word || [ -n "$word" ]; do :; done <&8
  id=\${id%%;*}
  case $id in
    '' | *[!0-9]*)
      say "$1" unclear 0 "$(printf %s "$words" | tr -d '\\036\\037')"
      return ;;
  esac
  case "$careful " in
    *" $1 "*) ;;
    *)
      # Where a copy runs already, it has decided.
      if [ ! -L "$2/${ID_LINK}" ] && { printf '%s\\n' "$id" >>"$2/${LOCK_FILE}"; } 2>/dev/null; then
        [ -L "$2/${ID_LINK}" ] || {
          say "$1" submitted 0 "$id"
          return
        }
      fi ;;
  esac
  submitted "$1" "$2" "$id"
}
`;
