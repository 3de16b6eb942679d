/**
 * Puts a running test cluster under other conditions for a while: other settings of Slurm, or a daemon
 * that does not answer. Each gives back, when disposed, what it changed.
 *
 * @module
 */

import { run, runScript } from "./command.ts";
import { runningLayout } from "./control.ts";
import { daemonNamed } from "./daemon_list.ts";
import { runningDaemons, startDaemon, stopDaemon } from "./daemons.ts";
import { TestbedError } from "./errors.ts";
import { writeFile } from "./files.ts";
import type { TestbedLayout } from "./layout.ts";

/** Has slurmctld take up a changed slurm.conf; jobs live on. */
async function restartController(layout: TestbedLayout): Promise<void> {
  const controller = daemonNamed(layout, "slurmctld");
  await stopDaemon(layout, controller);
  await startDaemon(layout, controller);
}

/** slurm.conf with other settings; one that is `undefined` is left out. */
export function withSettings(
  conf: string,
  settings: Readonly<Record<string, string | number | undefined>>,
): string {
  const others = conf.split("\n").filter((line) =>
    !Object.hasOwn(settings, line.slice(0, Math.max(0, line.indexOf("="))))
  );
  const changed = Object.entries(settings).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`]
  );
  return [...changed, ...others].join("\n");
}

async function change(
  settings: Readonly<Record<string, string | number | undefined>>,
): Promise<AsyncDisposable> {
  const layout = await runningLayout();
  const before = await run("cat", [layout.slurmConf]);
  const apply = async (conf: string) => {
    await writeFile(layout.slurmConf, conf, { mode: "0644", owner: "slurm" });
    await restartController(layout);
  };
  try {
    await apply(withSettings(before, settings));
  } catch (error) {
    await apply(before);
    throw error;
  }
  return { [Symbol.asyncDispose]: () => apply(before) };
}

/**
 * Has slurmctld forget jobs so many seconds after their end (MinJobAge), until disposed. It is restarted
 * for that, at the beginning and at the end.
 */
export function setMinJobAge(seconds: number): Promise<AsyncDisposable> {
  return change({ MinJobAge: seconds });
}

/**
 * Makes the cluster one without accounting, until disposed. slurmctld is restarted for that, at the
 * beginning and at the end; of jobs that come in between, accounting never learns.
 */
export function withoutAccounting(): Promise<AsyncDisposable> {
  return change({
    AccountingStorageType: "accounting_storage/none",
    // Only slurmdbd can count these, and slurmctld does not start without it when it is told to.
    AccountingStorageTRES: undefined,
  });
}

/**
 * Freezes one of the cluster's daemons, until disposed: it takes connections and never answers. Raises
 * `TESTBED_DAEMON_FAILED` for one that does not run.
 */
export async function freezeDaemon(name: string): Promise<AsyncDisposable> {
  const layout = await runningLayout();
  const pid = (await runningDaemons(layout, [daemonNamed(layout, name)])).get(name);
  if (pid === undefined) {
    throw new TestbedError(
      "TESTBED_DAEMON_FAILED",
      `${name} does not run, so it cannot be frozen.`,
      `Run \`deno task testbed start ${name}\`.`,
    );
  }
  const send = async (signal: "STOP" | "CONT") => {
    await runScript(`send SIG${signal} to ${name}`, 'kill -s "$1" "$2"', [signal, String(pid)]);
  };
  await send("STOP");
  return { [Symbol.asyncDispose]: () => send("CONT") };
}
