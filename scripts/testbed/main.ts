/**
 * The command `deno task testbed`.
 *
 * @module
 */

import { asSluiceError } from "../../model/mod.ts";
import { runInteractively } from "./control.ts";
import { exitCodeOf, TestbedError } from "./errors.ts";
import {
  bringUp,
  layoutFromEnvironment,
  setNodeLink,
  startDaemon,
  stopDaemon,
  takeDown,
  testbedStatus,
} from "./mod.ts";

const USAGE = `Usage: deno task testbed COMMAND

  up                     bring the test cluster up, or repair it
  down                   take it down and remove all that it made
  status                 show how it is; the exit code is 0 if it is up, else 4
  exec [--user|--root] [--node NODE] -- COMMAND…
                         run a command on the login node or a compute node, as the user
                         sluice (default) or as root
  stop DAEMON [--kill]   stop slurmctld, slurmdbd, sshd, slurmd:n1, …
  start DAEMON           start it again
  link NODE up|down      plug in or pull a node's network cable

The state directory is /var/lib/sluice-testbed, or SLUICE_TESTBED_DIR.
`;

function usageError(message: string): TestbedError {
  return new TestbedError("TESTBED_USAGE", message, "See `deno task testbed help`.");
}

function progress(line: string): void {
  console.error(`testbed: ${line}`);
}

async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  switch (command) {
    case undefined:
    case "help":
    case "--help":
      console.log(USAGE);
      return command === undefined ? 2 : 0;
    case "up":
      return await up();
    case "down":
      await takeDown(layoutFromEnvironment(), progress);
      progress("down");
      return 0;
    case "status":
      return await status();
    case "exec":
      return await exec(rest);
    case "stop":
      await stopDaemon(oneOf(rest, "stop"), rest.includes("--kill") ? { signal: "KILL" } : {});
      return 0;
    case "start":
      await startDaemon(oneOf(rest, "start"));
      return 0;
    case "link":
      await link(rest);
      return 0;
    default:
      throw usageError(`There is no command "${command}".`);
  }
}

async function up(): Promise<number> {
  const began = performance.now();
  const facts = await bringUp(layoutFromEnvironment(), progress);
  progress(`up after ${((performance.now() - began) / 1000).toFixed(1)} s; log in with`);
  console.error(
    `  ssh -i ${facts.keys.ed25519} -o UserKnownHostsFile=${facts.knownHosts} ` +
      `-p ${facts.port} ${facts.user}@${facts.host}`,
  );
  return 0;
}

async function status(): Promise<number> {
  const { state, daemons, nodes, problems } = await testbedStatus(layoutFromEnvironment());
  console.log(state);
  for (const { name, pid } of daemons) console.log(`  ${name.padEnd(10)} ${pid ?? "stopped"}`);
  for (const { name, state } of nodes) console.log(`  ${name.padEnd(10)} ${state}`);
  for (const problem of problems) console.log(`  problem: ${problem}`);
  return state === "up" ? 0 : 4;
}

async function exec(args: readonly string[]): Promise<number> {
  const end = args.indexOf("--");
  const options = end === -1 ? [] : args.slice(0, end);
  const command = end === -1 ? args : args.slice(end + 1);
  let root = false;
  let node: string | undefined;
  for (let index = 0; index < options.length; index++) {
    const option = options[index];
    if (option === "--root") root = true;
    else if (option === "--user") root = false;
    else if (option === "--node") node = options[++index];
    else throw usageError(`exec does not know the option "${option}".`);
  }
  if (command.length === 0) throw usageError("exec needs a command after `--`.");
  return await runInteractively(command, { root, ...(node === undefined ? {} : { node }) });
}

function oneOf(args: readonly string[], command: string): string {
  const [name] = args.filter((arg) => !arg.startsWith("--"));
  if (name === undefined) throw usageError(`${command} needs the name of a daemon.`);
  return name;
}

async function link(args: readonly string[]): Promise<void> {
  const [node, state] = args;
  if (node === undefined || (state !== "up" && state !== "down")) {
    throw usageError("link needs the name of a node, then `up` or `down`.");
  }
  await setNodeLink(node, state);
}

if (import.meta.main) {
  try {
    Deno.exitCode = await main(Deno.args);
  } catch (error) {
    const { message, next } = asSluiceError(error);
    console.error(`testbed: ${message} ${next}`);
    Deno.exitCode = exitCodeOf(error);
  }
}
