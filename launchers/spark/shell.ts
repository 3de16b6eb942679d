/**
 * Shell functions for a script that starts processes around a payload and ends them with it. Pure.
 *
 * @module
 */

/** Signals that are meant for a payload: the processes around it must not die of them. */
export const PAYLOAD_SIGNALS = "HUP INT QUIT USR1 USR2 ALRM XCPU";

/** Prints a message to the job's standard error; `sluice_fail STATUS MESSAGE` ends the script as well. */
export const FAIL: readonly string[] = [
  "sluice_fail() {",
  `  printf 'sluice: %s\\n' "$2" >&2`,
  '  exit "$1"',
  "}",
];

/**
 * `sluice_address` prints the address by which other nodes reach this one, IPv4 where there is one: a node's
 * own name often stands for a loopback address on the node itself.
 */
export const ADDRESS: readonly string[] = [
  "sluice_address() {",
  "  {",
  '    getent ahosts "${SLURMD_NODENAME:-$(uname -n)}"',
  '    getent ahosts "$(uname -n)"',
  "    hostname -I | tr ' ' '\\n'",
  "  } 2>/dev/null | awk '",
  '    $1 == "" || $1 ~ /^(127\\.|169\\.254\\.|::1$|fe80:)/ { next }',
  "    $1 !~ /:/ { print $1; found = 1; exit }",
  '    six == "" { six = $1 }',
  '    END { if (!found && six != "") print six }',
  "  '",
  "}",
];

/** `sluice_tree PID…` prints the processes and all that descend from them. */
const TREE: readonly string[] = [
  "sluice_tree() {",
  '  ps -A -o pid= -o ppid= 2>/dev/null | awk -v roots="$*" \'',
  "    { parent[$1] = $2 }",
  "    END {",
  "      count = split(roots, list)",
  "      for (i = 1; i <= count; i++) wanted[list[i]] = 1",
  "      do {",
  "        more = 0",
  "        for (pid in parent) if (!(pid in wanted) && (parent[pid] in wanted)) more = wanted[pid] = 1",
  "      } while (more)",
  "      for (pid in wanted) print pid",
  "    }",
  "  '",
  "}",
];

/**
 * `sluice_stop SECONDS [PID…]` ends the processes and all that descend from them, by SIGKILL where SIGTERM has
 * not done so in that time.
 */
export const STOP: readonly string[] = [
  ...TREE,
  "sluice_stop() {",
  "  sluice_until=$(($(date +%s) + $1))",
  "  shift",
  '  if [ "$#" -eq 0 ]; then return; fi',
  '  sluice_pids=$(sluice_tree "$@")',
  '  for sluice_pid in $sluice_pids; do kill -s TERM "$sluice_pid"; done',
  "  for sluice_pid in $sluice_pids; do",
  '    while kill -s 0 "$sluice_pid"; do',
  '      if [ "$(date +%s)" -gt "$sluice_until" ]; then',
  '        kill -s KILL "$sluice_pid"',
  "        break",
  "      fi",
  "      sleep 0.1",
  "    done",
  "  done",
  "} 2>/dev/null",
];

/**
 * `sluice_begin WORD…` starts the payload, `sluice_await` waits for its end and puts its exit status in
 * `$sluice_code`. Once `$sluice_told` is set the payload has `$sluice_grace` seconds left.
 *
 * How it ended is not asked of `wait`, which a trap interrupts: a shell around it, which signals do not end,
 * leaves it in a file in `$sluice_local`, a directory on the node.
 */
export const PAYLOAD: readonly string[] = [
  "sluice_begin() {",
  "  (",
  `    trap : TERM ${PAYLOAD_SIGNALS}`,
  '    "$@"',
  '    echo "$?" >"$sluice_local/code"',
  "  ) &",
  "  sluice_payload=$!",
  "}",
  "sluice_await() {",
  '  while kill -s 0 "$sluice_payload" && [ -z "$sluice_told" ]; do wait "$sluice_payload"; done',
  '  if [ -n "$sluice_told" ]; then sluice_stop "$sluice_grace" "$sluice_payload"; fi',
  // Only SIGKILL leaves no word of the payload.
  '  read -r sluice_code <"$sluice_local/code" || sluice_code=137',
  "} 2>/dev/null",
];
