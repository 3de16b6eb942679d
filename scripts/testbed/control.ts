/**
 * Drives a running test cluster: commands on its hosts, daemons stopped and started, sessions cut.
 *
 * @module
 */

import { throughShell } from "../../shell/mod.ts";
import { attempt, BASE_ENVIRONMENT, type CommandResult, runScript } from "./command.ts";
import { daemonNamed, placed } from "./daemon_list.ts";
import { startDaemon as startOne, stopDaemon as stopOne, type StopOptions } from "./daemons.ts";
import { TestbedError } from "./errors.ts";
import {
  ACCOUNTS,
  CONTROLLER_NAME,
  homeOf,
  layoutFromEnvironment,
  MAIN_ACCOUNT,
  nodeNamed,
  type TestbedLayout,
} from "./layout.ts";
import { isStateDir } from "./state_dir.ts";

/** Where and as whom a command runs on the test cluster. */
export interface ClusterCommandOptions {
  /** As root rather than as the main account. Default: `false`. */
  readonly root?: boolean;
  /** On this compute node rather than on the login node. Default: the login node. */
  readonly node?: string;
  /** What it reads on standard input. Default: nothing. */
  readonly stdin?: string;
}

/** The paths of the test cluster; raises `TESTBED_DOWN` if there is none. */
export async function runningLayout(): Promise<TestbedLayout> {
  const layout = layoutFromEnvironment();
  if (await isStateDir(layout)) return layout;
  throw new TestbedError(
    "TESTBED_DOWN",
    `There is no test cluster in ${layout.dir}.`,
    "Run `deno task testbed up`.",
  );
}

function clusterCommand(
  layout: TestbedLayout,
  command: readonly string[],
  options: ClusterCommandOptions,
) {
  const place = options.node === undefined
    ? { hostname: CONTROLLER_NAME }
    : { hostname: options.node, netns: nodeNamed(options.node).netns };
  const asUser = options.root === true ? command : [
    "setpriv",
    `--reuid=${MAIN_ACCOUNT}`,
    `--regid=${MAIN_ACCOUNT}`,
    "--init-groups",
    ...command,
  ];
  const home = homeOf(layout, MAIN_ACCOUNT);
  const [program = "true", ...args] = placed(asUser, place);
  const user = options.root === true
    ? { HOME: "/root", USER: "root", LOGNAME: "root" }
    : { HOME: home, USER: MAIN_ACCOUNT, LOGNAME: MAIN_ACCOUNT };
  return {
    program,
    args,
    env: { SLURM_CONF: layout.slurmConf, ...user },
    cwd: options.root === true ? "/" : home,
  };
}

/**
 * Runs a command on the test cluster without SSH and gives its exit code and output: for what a test
 * must do behind Sluice's back, such as `scontrol requeue`. Raises `TESTBED_DOWN` if there is none.
 */
export async function onCluster(
  command: readonly string[],
  options: ClusterCommandOptions = {},
): Promise<CommandResult> {
  const { program, args, env, cwd } = clusterCommand(await runningLayout(), command, options);
  const stdin = options.stdin === undefined ? {} : { stdin: options.stdin };
  return await attempt(program, args, { env, cwd, ...stdin });
}

/** Like {@linkcode onCluster}, on the caller's own terminal; gives the exit code. */
export async function runInteractively(
  command: readonly string[],
  options: ClusterCommandOptions = {},
): Promise<number> {
  const { program, args, env, cwd } = clusterCommand(await runningLayout(), command, options);
  const child = new Deno.Command("sh", {
    args: throughShell([program, ...args]),
    clearEnv: true,
    env: { ...BASE_ENVIRONMENT, TERM: "xterm", ...env },
    cwd,
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  return (await child.status).code;
}

/**
 * Stops one of the cluster's daemons and waits until it is gone: `munged`, `mariadbd`, `slurmdbd`,
 * `slurmctld`, `sshd`, or `slurmd:n1`, `sshd:n1` and so on. Jobs and open SSH sessions live on.
 */
export async function stopDaemon(name: string, options: StopOptions = {}): Promise<void> {
  const layout = await runningLayout();
  await stopOne(layout, daemonNamed(layout, name), options);
}

/** Starts one of the cluster's daemons and waits until it is ready; nothing if it runs. */
export async function startDaemon(name: string): Promise<void> {
  const layout = await runningLayout();
  await startOne(layout, daemonNamed(layout, name));
}

/** Saves of slurmctld's state that are waited for, in tenths of a second; it takes some seconds between two. */
const SAVE_TRIES = 1_200;

/**
 * Waits until slurmctld has written down all that it knows by now: of that a kill takes nothing away. It is given
 * a job to know of, which does nothing, and must be found in its state file.
 */
export async function saveController(): Promise<void> {
  const { controllerState } = await runningLayout();
  const mark = `saved-${crypto.randomUUID()}`;
  const words = ["sbatch", "--mem=50", "--output=/dev/null", `--comment=${mark}`, "--wrap=:"];
  const { code, stderr } = await onCluster(words);
  if (code !== 0) {
    throw new TestbedError(
      "TESTBED_COMMAND_FAILED",
      `No job could be submitted: ${stderr.trim()}`,
      "Read the message; `deno task testbed up` repairs the cluster.",
    );
  }
  await runScript(
    "wait until slurmctld has saved its state",
    `tries=0
    until grep -qsF -- "$1" "$2/job_state"; do
      [ $tries -lt "$3" ] || { echo "it does not save it" >&2; exit 1; }
      tries=$((tries + 1)); sleep 0.1
    done`,
    [mark, controllerState, String(SAVE_TRIES)],
  );
}

/**
 * Kills the server side of every SSH session of the cluster's accounts, as a crash of the login node
 * would; the listening sshd lives on. Gives the number of processes that were killed.
 */
export async function dropSessions(): Promise<number> {
  await runningLayout();
  const killed = await runScript(
    "cut the SSH sessions",
    // The process that holds the socket, run by root, is titled "sshd: NAME [priv]"; its child, run
    // by the account, "sshd: NAME@notty". Both must go, or the child would live on for a moment.
    `count=0
    for name; do
      for dir in /proc/[0-9]*; do
        title=$(tr '\\0' ' ' <"$dir/cmdline" 2>/dev/null) || continue
        case $title in
          "sshd: $name "*|"sshd: $name@"*)
            kill -s KILL "\${dir#/proc/}" 2>/dev/null && count=$((count + 1)) ;;
        esac
      done
    done
    echo $count`,
    ACCOUNTS.map(({ name }) => name),
  );
  return Number(killed.trim());
}
