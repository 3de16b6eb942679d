/**
 * Starts, stops and watches the daemons of the test cluster.
 *
 * @module
 */

import { attemptScript, run, runScript } from "./command.ts";
import { type DaemonSpec, placed } from "./daemon_list.ts";
import { TestbedError } from "./errors.ts";
import type { TestbedLayout } from "./layout.ts";

/** How a daemon is stopped. */
export interface StopOptions {
  /** Default: `TERM`, and `KILL` after ten seconds. */
  readonly signal?: "TERM" | "KILL";
}

// A process id may have gone to another program since it was written, so the process must also carry
// the state directory in its command line or environment before it counts as the daemon.
const OWNED_PID = `
owned_pid() {
  pid=$(cat "$1" 2>/dev/null) || return 1
  case $pid in ''|*[!0-9]*) return 1 ;; esac
  grep -qsF -- "$2" "/proc/$pid/cmdline" "/proc/$pid/environ" || return 1
  ! grep -qs '^State:[[:space:]]*Z' "/proc/$pid/status"
}
`;

/** The process ids of those daemons that run, by name. */
export async function runningDaemons(
  layout: TestbedLayout,
  daemons: readonly DaemonSpec[],
): Promise<Map<string, number>> {
  const { stdout } = await attemptScript(
    `${OWNED_PID}
    dir=$1; shift
    while [ $# -gt 0 ]; do
      if owned_pid "$2" "$dir"; then printf '%s %s\\n' "$1" "$pid"; fi
      shift 2
    done`,
    [layout.dir, ...daemons.flatMap(({ name, pidFile }) => [name, pidFile])],
  );
  return new Map(
    stdout.split("\n").filter((line) => line !== "").map((line) => {
      const [name = "", pid = ""] = line.split(" ");
      return [name, Number(pid)];
    }),
  );
}

/** Starts a daemon and waits until it is ready; does nothing if it runs. */
export async function startDaemon(layout: TestbedLayout, daemon: DaemonSpec): Promise<void> {
  if ((await runningDaemons(layout, [daemon])).has(daemon.name)) return;
  const [program, ...args] = placed(daemon.command, daemon);
  if (program === undefined) return;
  await run("rm", ["-f", daemon.pidFile]);
  if (daemon.ready.kind === "socket") await run("rm", ["-f", daemon.ready.path]);
  await runScript(
    `start ${daemon.name}`,
    `user=$1 pidfile=$2 output=$3 program=$4; shift 4
    exec start-stop-daemon --start --background --make-pidfile --pidfile "$pidfile" \\
      --chuid "$user" --chdir / --output "$output" --startas "$(command -v "$program")" -- "$@"`,
    [daemon.user, daemon.pidFile, daemon.output, program, ...args],
    { env: { ...daemon.env, SLUICE_TESTBED_DIR: layout.dir } },
  );
  await waitUntilReady(layout, daemon);
}

async function waitUntilReady(layout: TestbedLayout, daemon: DaemonSpec): Promise<void> {
  const probe = daemon.ready.kind === "socket" ? ["test", "-S", daemon.ready.path] : placed(
    ["sh", "-c", 'ss -Hltn "sport = :$0" | grep -q .', String(daemon.ready.port)],
    daemon.netns === undefined ? {} : { netns: daemon.netns },
  );
  const { code } = await attemptScript(
    `${OWNED_PID}
    dir=$1 pidfile=$2; shift 2
    tries=0
    while [ $tries -lt 300 ]; do
      if "$@" >/dev/null 2>&1; then exit 0; fi
      if [ $tries -gt 5 ] && ! owned_pid "$pidfile" "$dir"; then exit 3; fi
      tries=$((tries + 1)); sleep 0.1
    done
    exit 4`,
    [layout.dir, daemon.pidFile, ...probe],
  );
  if (code === 0) return;
  const { stdout } = await attemptScript('tail -n 5 "$1"', [daemon.output]);
  throw new TestbedError(
    "TESTBED_DAEMON_FAILED",
    `${daemon.name} ${code === 3 ? "ended at once" : "did not get ready within 30 s"}` +
      (stdout.trim() === "" ? "." : `: ${stdout.trim()}`),
    `Read the logs in ${layout.log}; then run \`deno task testbed up\` again.`,
  );
}

/** Stops a daemon and waits until it is gone; does nothing if it does not run. */
export async function stopDaemon(
  layout: TestbedLayout,
  daemon: DaemonSpec,
  options: StopOptions = {},
): Promise<void> {
  await runScript(
    `stop ${daemon.name}`,
    `${OWNED_PID}
    dir=$1 pidfile=$2 signal=$3
    if owned_pid "$pidfile" "$dir"; then
      kill -s "$signal" "$pid" || true
      tries=0
      while owned_pid "$pidfile" "$dir"; do
        if [ $tries -eq 100 ]; then kill -s KILL "$pid" || true; fi
        if [ $tries -eq 200 ]; then echo "process $pid does not end" >&2; exit 1; fi
        tries=$((tries + 1)); sleep 0.1
      done
    fi
    rm -f "$pidfile"`,
    [layout.dir, daemon.pidFile, options.signal ?? "TERM"],
  );
}
