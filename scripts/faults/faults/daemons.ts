/**
 * The cluster's own daemons are killed and come back.
 *
 * @module
 */

import { dropSessions, saveController, startDaemon, stopDaemon } from "../../testbed/mod.ts";
import type { Fault } from "../fault.ts";
import type { Round } from "../fault.ts";
import { inRounds } from "../fault.ts";
import type { Scene } from "../scene.ts";
import { until } from "../waiting.ts";

/** Longest time in ms that jobs may take to start while nothing is broken. */
const STARTED_DEADLINE_MS = 120_000;

function killed(
  name: string,
  { rounds: own, longestMs, about, first, alongside }: {
    readonly rounds: number;
    readonly longestMs: number;
    readonly about: string;
    /** What is waited for before it is killed; the second half of the jobs then comes after that. */
    readonly first?: (scene: Scene, round: Round) => Promise<void>;
    /** What breaks together with the daemon. */
    readonly alongside?: () => Promise<unknown>;
  },
): Fault {
  return {
    name,
    about,
    run: (scene, rounds = own) =>
      inRounds(scene, rounds, async (round) => {
        await first?.(scene, round);
        await using stack = new AsyncDisposableStack();
        stack.defer(() => startDaemon(name));
        await stopDaemon(name, { signal: "KILL" });
        await alongside?.();
        round.broken();
        await scene.pause(round.chance.between(200, longestMs));
      }, { restWaits: first !== undefined }),
  };
}

/**
 * Waits until slurmctld has saved what it knows of the jobs so far, which takes it five seconds: what it has
 * not saved Slurm itself forgets, or starts a second time.
 */
async function saved(scene: Scene, { before }: Round): Promise<void> {
  const jobs = (await before).filter(({ kind }) => kind.mustRun);
  await until(
    async () => (await scene.startedAs(jobs)).size === jobs.length,
    { signal: scene.signal, deadlineMs: STARTED_DEADLINE_MS, everyMs: 200 },
  );
  await saveController();
}

/** slurmctld is killed. */
export const slurmctld: Fault = killed("slurmctld", {
  rounds: 3,
  first: saved,
  longestMs: 6_000,
  about: "Slurm's controller is killed with -9 and started again after a while",
});

/** slurmdbd is killed. */
export const slurmdbd: Fault = killed("slurmdbd", {
  rounds: 3,
  longestMs: 8_000,
  about: "Slurm's accounting is killed with -9 and started again after a while",
});

/** sshd is killed with all its sessions. */
export const sshd: Fault = killed("sshd", {
  rounds: 3,
  longestMs: 6_000,
  about: "the login node's sshd is killed with -9, with every session, and started again",
  alongside: dropSessions,
});
